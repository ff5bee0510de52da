import { formatSearchQuery } from '@medplum/core';
import type { SearchRequest, WithId } from '@medplum/core';
import type { Bundle, BundleEntry, BundleLink, Resource } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { toEntityTag } from './entity-tag.ts';
import { parseFhirJson } from './fhir-json.ts';
import type { SearchPage } from './resource-search.ts';
import type { StoredVersion } from './resource-store.ts';
import { versionIdOf } from './version-id.ts';

/** A page of a search as a Bundle, with links to itself and its neighbours. */
export function searchBundle<T extends Resource>(
  baseUrl: string,
  traits: FhirTraits,
  request: SearchRequest,
  page: SearchPage,
  resources: WithId<T>[],
): Bundle<WithId<T>> & { entry: BundleEntry<WithId<T>>[] } {
  const entry = resources.map((resource) => ({
    fullUrl: `${baseUrl}/${resource.resourceType}/${resource.id}`,
    resource,
    search: { mode: 'match' as const },
  }));
  const total = page.total === undefined ? {} : { total: page.total };
  const link = traits.pages === 'linked' ? { link: links(baseUrl, request, page) } : {};
  return { resourceType: 'Bundle', type: 'searchset', ...total, ...link, entry };
}

function links(baseUrl: string, request: SearchRequest, page: SearchPage): BundleLink[] {
  const { texts, total, offset, count } = page;
  const link = (relation: string, at: number): BundleLink => {
    const query = formatSearchQuery({ ...request, count, offset: at });
    return { relation, url: `${baseUrl}/${request.resourceType}${query}` };
  };
  const hasMore = count > 0 && texts.length === count && offset + count < (total ?? Infinity);
  return [
    link('self', offset),
    ...(hasMore ? [link('next', offset + count)] : []),
    ...(offset > 0 ? [link('previous', Math.max(0, offset - count))] : []),
  ];
}

/** Versions of one resource as a Bundle; a delete is an entry without a resource. */
export function historyBundle<T extends Resource>(
  of: { baseUrl: string; resourceType: string; id: string },
  traits: FhirTraits,
  versions: readonly StoredVersion[],
  total: number,
): Bundle<T> {
  if (traits.historyEntries === 'resource-only') {
    const texts = versions.flatMap(({ text }) => text ?? []);
    return {
      resourceType: 'Bundle',
      type: 'history',
      entry: texts.map((text) => ({ resource: parseFhirJson(text) as T })),
    };
  }
  const reference = `${of.resourceType}/${of.id}`;
  const entry = versions.map((version): BundleEntry<T> => {
    const { method, versionId, updatedAt, text } = version;
    const status = { POST: '201', PUT: versionId === 1 ? '201' : '200', DELETE: '204' }[method];
    const etag = traits.versionHeaders === 'sent' ? { etag: toEntityTag(versionIdOf(version)) } : {};
    return {
      fullUrl: `${of.baseUrl}/${reference}`,
      ...(text === undefined ? {} : { resource: parseFhirJson(text) as T }),
      request: { method, url: method === 'POST' ? of.resourceType : reference },
      response: { status, ...etag, lastModified: new Date(updatedAt).toISOString() },
    };
  });
  return { resourceType: 'Bundle', type: 'history', total, entry };
}
