import type { Bundle, CapabilityStatement, Resource } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import { parseFhirDateTime } from '../core/fhir-date-time.ts';
import { parseLossless } from '../core/lossless-json.ts';
import type { HistoryEntry, Written } from './fhir-client.ts';

/** @throws IngestError FHIR_ANSWER_UNREADABLE */
export function parseResource(text: string, resourceType: string): Resource {
  let parsed: unknown;
  try {
    parsed = parseLossless(text);
  } catch {
    throw unreadable('read', resourceType, 'a body that is not JSON');
  }
  if (isOfType(parsed, resourceType)) return parsed;
  throw unreadable('read', resourceType, 'a body that is another resource');
}

/** @throws IngestError FHIR_ANSWER_UNREADABLE */
export function matchesIn<R extends Resource>(page: unknown, resourceType: R['resourceType']): R[] {
  if (!isOfType(page, 'Bundle')) throw unreadable('search', resourceType, 'a body that is no Bundle');
  const { entry = [] } = page as Bundle<R>;
  const entries = entry.filter(({ search }) => search?.mode !== 'outcome');
  return entries.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
}

export function historyEntries<R extends Resource>({ entry = [] }: Bundle<R>): HistoryEntry<R>[] {
  return entry.map(({ resource, request, response }): HistoryEntry<R> => {
    const isDeleted = resource?.resourceType === undefined || request?.method === 'DELETE';
    return {
      resource: isDeleted ? undefined : resource,
      versionId: resource?.meta?.versionId ?? versionIdOfTag(response?.etag),
      lastUpdated: resource?.meta?.lastUpdated ?? response?.lastModified,
    };
  });
}

/**
 * So it is by the specification, but not on every server. Versions of one instant are told apart by their numbers, if
 * they have any; where times are missing too, the server's order stands.
 */
export function newestFirst<R extends Resource>(entries: readonly HistoryEntry<R>[]): HistoryEntry<R>[] {
  const known = entries.map((entry) => ({
    entry,
    at: parseFhirDateTime(entry.lastUpdated)?.ticks,
    number: /^\d{1,15}$/.test(entry.versionId ?? '') ? Number(entry.versionId) : undefined,
  }));
  const isTimed = known.every(({ at }) => at !== undefined);
  const isNumbered = known.every(({ number }) => number !== undefined);
  const byTime = (a = 0n, b = 0n): number => (a < b ? 1 : a > b ? -1 : 0);
  known.sort((a, b) => (isTimed ? byTime(a.at, b.at) : 0) || (isNumbered ? (b.number ?? 0) - (a.number ?? 0) : 0));
  return known.map(({ entry }) => entry);
}

/** What the answer to a write says of the resource: in its body, else in its headers. */
export function writtenOf(body: unknown, headers: Headers, resourceType: string): Written {
  const resource = isOfType(body, resourceType) ? body : undefined;
  const location = headers.get('location') ?? headers.get('content-location') ?? '';
  const [, type, id, versionId] = /([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([^/?#]+))?$/.exec(location) ?? [];
  const located = type === resourceType ? { id, versionId } : undefined;
  return {
    id: resource?.id ?? located?.id,
    versionId: versionIdOf(headers, resource) ?? located?.versionId,
  };
}

export function versionIdOf(headers: Headers, resource: Resource | undefined): string | undefined {
  return versionIdOfTag(headers.get('etag')) ?? resource?.meta?.versionId;
}

/** Whether it states that a PUT may create (`updateCreate`); undefined when it does not say. */
export function updateCreateOf(statement: CapabilityStatement, resourceType: string): boolean | undefined {
  const { rest = [] } = statement as Partial<CapabilityStatement>;
  const resources = rest.flatMap(({ resource }) => resource ?? []);
  return resources.find(({ type }) => type === resourceType)?.updateCreate;
}

export function unreadable(operation: string, resourceType: string, found: string): IngestError {
  const message = `The FHIR server answered the ${operation} of ${resourceType} with ${found}`;
  return new IngestError('FHIR_ANSWER_UNREADABLE', message, { operation, resourceType });
}

function versionIdOfTag(tag: string | null | undefined): string | undefined {
  return /^(?:W\/)?"?([^"]+)"?$/.exec(tag ?? '')?.[1];
}

export function isOfType(parsed: unknown, resourceType: string): parsed is Resource {
  return (
    typeof parsed === 'object' && parsed !== null && 'resourceType' in parsed && parsed.resourceType === resourceType
  );
}
