import { formatSearchQuery } from '@medplum/core';
import type { SearchRequest, WithId } from '@medplum/core';
import type { Bundle, BundleEntry, BundleLink, Resource } from '@medplum/fhirtypes';
import { toEntityTag } from './entity-tag.ts';
import { parseFhirJson } from './fhir-json.ts';
import type { SearchPage } from './resource-search.ts';
import type { StoredVersion } from './resource-store.ts';

/** A page of a search as a Bundle, with links to itself and its neighbours. */
export function searchBundle<T extends Resource>(
  baseUrl: string,
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
  return { resourceType: 'Bundle', type: 'searchset', ...total, link: links(baseUrl, request, page), entry };
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
  versions: readonly StoredVersion[],
  total: number,
): Bundle<T> {
  const reference = `${of.resourceType}/${of.id}`;
  const entry = versions.map(({ method, versionId, updatedAt, text }): BundleEntry<T> => {
    const status = { POST: '201', PUT: versionId === 1 ? '201' : '200', DELETE: '204' }[method];
    return {
      fullUrl: `${of.baseUrl}/${reference}`,
      ...(text === undefined ? {} : { resource: parseFhirJson(text) as T }),
      request: { method, url: method === 'POST' ? of.resourceType : reference },
      response: { status, etag: toEntityTag(String(versionId)), lastModified: new Date(updatedAt).toISOString() },
    };
  });
  return { resourceType: 'Bundle', type: 'history', total, entry };
}
