import type { FhirBehaviour } from '../../config/settings.ts';

/** Where FHIR servers differ: what this one does in each case. The rows were measured on the servers they name. */
export interface FhirTraits {
  /** Medplum names versions by UUIDs, which say nothing of their order. */
  readonly versionIds: 'counted' | 'uuids';
  /** HAPI answers a version that is no longer the newest with 409. */
  readonly staleIfMatch: 412 | 409;
  /** A write that names a version of what does not exist, or was deleted: HAPI creates it, Medplum answers 404. */
  readonly ifMatchOnUnknown: 412 | 404 | 201;
  /** Medplum reads only tags in quotation marks; with another it writes as if there were no condition. */
  readonly unquotedIfMatch: 'heeded' | 'ignored';
  /** HAPI updates by search criteria whatever version the client names. */
  readonly ifMatchOnConditionalUpdate: 'heeded' | 'ignored';
  /** HAPI and Medplum replace what exists although the client says `If-None-Match: *`. */
  readonly ifNoneMatchOnPut: 'heeded' | 'ignored';
  /** HAPI makes no version of an update that changes nothing. */
  readonly identicalUpdate: 'new-version' | 'no-version';
  /** Servers that assign all ids refuse a PUT that would create. */
  readonly clientIds: 'taken' | 'refused';
  /** Medplum in memory turns a history round each time it is read. */
  readonly historyOrder: 'newest-first' | 'flips';
  /** Medplum in memory lists bare resources: no requests, no versions beside them, no deletes, no total. */
  readonly historyEntries: 'with-request' | 'resource-only';
  /** Medplum in memory answers 404. */
  readonly readOfDeleted: 410 | 404;
  /** Medplum in memory answers 404 as long as the resource is deleted: nothing shows that it ever was. */
  readonly historyOfDeleted: 'ends-in-delete' | 404;
  /** Medplum finds identifiers in any case. */
  readonly identifierCase: 'exact' | 'ignored';
  /** Medplum finds nothing by a parameter that it does not know. */
  readonly unknownSearchParameter: 400 | 'finds-nothing';
  /** How long HAPI may answer a search that found nothing as before, unless it is told `Cache-Control: no-cache`. */
  readonly staleEmptySearchMs: number;
  /** Medplum in memory answers a search with all there is, and links to no further page. */
  readonly pages: 'linked' | 'unlinked';
  /** HAPI refuses, with 400, a reference to a resource of its own that does not exist. */
  readonly danglingReference: 'taken' | 'refused';
  /** Medplum in memory checks nothing. */
  readonly invalidResource: 'refused' | 'taken';
  /** Medplum in memory undoes nothing when an entry of a transaction fails. */
  readonly failedTransaction: 'undone' | 'half-done';
  /** Medplum's answers to the entries of a batch name no versions. */
  readonly batchEntryVersions: 'named' | 'unnamed';
  /** Servers that store milliseconds cut off what is finer. */
  readonly timePrecision: 'as-sent' | 'milliseconds';
  /** Servers may drop what the client says in `meta`, and show none of their own. */
  readonly meta: 'shown' | 'stripped';
  /** Some name the version in `meta.versionId` only. */
  readonly versionHeaders: 'sent' | 'omitted';
}

const OWN_MANNER: FhirTraits = {
  versionIds: 'counted',
  staleIfMatch: 412,
  ifMatchOnUnknown: 412,
  unquotedIfMatch: 'heeded',
  ifMatchOnConditionalUpdate: 'heeded',
  ifNoneMatchOnPut: 'heeded',
  identicalUpdate: 'new-version',
  clientIds: 'taken',
  historyOrder: 'newest-first',
  historyEntries: 'with-request',
  readOfDeleted: 410,
  historyOfDeleted: 'ends-in-delete',
  identifierCase: 'exact',
  unknownSearchParameter: 400,
  staleEmptySearchMs: 0,
  pages: 'linked',
  danglingReference: 'taken',
  invalidResource: 'refused',
  failedTransaction: 'undone',
  batchEntryVersions: 'named',
  timePrecision: 'as-sent',
  meta: 'shown',
  versionHeaders: 'sent',
};

/** What each named behaviour does otherwise. */
const BEHAVIOURS: Readonly<Record<FhirBehaviour, Partial<FhirTraits>>> = {
  medplum: {
    versionIds: 'uuids',
    ifMatchOnUnknown: 404,
    unquotedIfMatch: 'ignored',
    ifNoneMatchOnPut: 'ignored',
    historyOrder: 'flips',
    historyEntries: 'resource-only',
    readOfDeleted: 404,
    historyOfDeleted: 404,
    identifierCase: 'ignored',
    unknownSearchParameter: 'finds-nothing',
    pages: 'unlinked',
    invalidResource: 'taken',
    failedTransaction: 'half-done',
    batchEntryVersions: 'unnamed',
  },
  hapi: {
    staleIfMatch: 409,
    ifMatchOnUnknown: 201,
    ifMatchOnConditionalUpdate: 'ignored',
    ifNoneMatchOnPut: 'ignored',
    identicalUpdate: 'no-version',
    staleEmptySearchMs: 60_000,
    danglingReference: 'refused',
  },
  'assigns-ids': { clientIds: 'refused' },
  'ms-precision': { timePrecision: 'milliseconds' },
  'ignores-if-none-match': { ifNoneMatchOnPut: 'ignored' },
  'strips-meta': { meta: 'stripped' },
  'no-etag': { versionHeaders: 'omitted' },
};

/** The traits of our own manner, with those of each behaviour in turn: of two that differ, the later holds. */
export function traitsOf(behaves: readonly (FhirBehaviour | Partial<FhirTraits>)[] = []): FhirTraits {
  const changes = behaves.map((behaviour) => (typeof behaviour === 'string' ? BEHAVIOURS[behaviour] : behaviour));
  return Object.assign({}, OWN_MANNER, ...changes) as FhirTraits;
}
