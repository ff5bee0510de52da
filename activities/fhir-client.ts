import type { CapabilityStatement, Resource } from 'fhir/r4.js';

/** A resource as the server holds it, numbers as they were written (`LosslessNumber`). */
export interface Stored<R extends Resource> {
  readonly resource: R;
  /** Undefined where the server names no versions. */
  readonly versionId: string | undefined;
}

export type ReadResult<R extends Resource> = Stored<R> | 'absent' | 'deleted';

/** `ifNoneMatch` is a hint: some servers replace what is there all the same. */
export type PutCondition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string } | undefined;

/** What a server says of a resource it has written; undefined what it does not say. */
export interface Written {
  /** May be another than was asked for, where the server gives ids of its own. */
  readonly id: string | undefined;
  readonly versionId: string | undefined;
}

/** `conflict`: the condition did not hold, or somebody wrote at the same time; nothing was written. */
export type PutResult = (Written & { readonly kind: 'created' | 'replaced' }) | { readonly kind: 'conflict' };

/** `existed`: one that the criteria find; nothing was written. `ambiguous`: they find several. */
export type CreateResult =
  | (Written & { readonly kind: 'created' | 'existed' })
  | { readonly kind: 'ambiguous' }
  /** Somebody wrote at the same time. */
  | { readonly kind: 'conflict' };

/** A version out of a resource's history; deletions carry no resource. */
export interface HistoryEntry<R extends Resource> {
  readonly resource: R | undefined;
  readonly versionId: string | undefined;
  /** ISO 8601. */
  readonly lastUpdated: string | undefined;
}

/** Names and texts of search parameters, not encoded. */
export type SearchParams = Readonly<Record<string, string>>;

export type WithId<R extends Resource> = R & { readonly id: string };

/**
 * What is asked of a FHIR R4 server. Every call is cut off by its timeout and by the activity's cancellation.
 * All failures are IngestErrors that name status, resource type and issue code, never a reading or an identifier.
 */
export interface FhirClient {
  /**
   * All pages of a search, not out of a cache. The server's index is not trusted to be exact: the caller compares what it
   * asked for. Numbers may have lost digits: what is to be written back is read first.
   */
  search<R extends Resource>(resourceType: R['resourceType'], params: SearchParams): Promise<R[]>;
  read<R extends Resource>(resourceType: R['resourceType'], id: string): Promise<ReadResult<R>>;
  /** Under the resource's own id. */
  put<R extends Resource>(resource: WithId<R>, condition: PutCondition): Promise<PutResult>;
  /** Under an id that the server gives, unless the criteria find one already. */
  create(resource: Resource, ifNoneExist: SearchParams): Promise<CreateResult>;
  /** Newest first; undefined where the server shows none. */
  history<R extends Resource>(resourceType: R['resourceType'], id: string): Promise<HistoryEntry<R>[] | undefined>;
  /** If it is still of that version. What is gone already, or has changed, is no error. */
  delete(resourceType: Resource['resourceType'], id: string, versionId: string | undefined): Promise<void>;
  /** What the server states of itself; undefined where it refuses to. */
  capabilities(): Promise<CapabilityStatement | undefined>;
}
