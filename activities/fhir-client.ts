import type { Observation, Resource } from 'fhir/r4.js';

/** A resource as the server holds it, numbers as they were written (`LosslessNumber`). */
export interface Stored<R extends Resource> {
  readonly resource: R;
  /** Names this version in `If-Match`; always weak and quoted. Absent when the server names no versions. */
  readonly etag: string | undefined;
}

export type ReadResult<R extends Resource> = Stored<R> | 'absent' | 'deleted';

export type PutCondition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string } | undefined;

/** `conflict`: the condition did not hold, or somebody wrote at the same time; nothing was written. */
export type PutResult =
  { readonly kind: 'created' | 'replaced'; readonly versionId: string | undefined } | { readonly kind: 'conflict' };

/** A version out of a resource's history; deletions carry no resource. */
export interface HistoryEntry<R extends Resource> {
  readonly resource: R | undefined;
  readonly versionId: string | undefined;
  /** ISO 8601. */
  readonly lastUpdated: string | undefined;
}

/**
 * What is asked of a FHIR R4 server. Every call is cut off by its timeout and by the activity's cancellation.
 * All failures are IngestErrors that name status, resource type and issue code, never a reading or an identifier.
 */
export interface FhirClient {
  /** All pages of a search. The server's index is not trusted to be exact: the caller compares what it asked for. */
  search<R extends Resource>(resourceType: R['resourceType'], params: Readonly<Record<string, string>>): Promise<R[]>;
  read(id: string): Promise<ReadResult<Observation>>;
  put(observation: Observation, condition: PutCondition): Promise<PutResult>;
  /** Newest first; undefined where the server keeps no history. */
  history<R extends Resource>(resourceType: R['resourceType'], id: string): Promise<HistoryEntry<R>[] | undefined>;
}
