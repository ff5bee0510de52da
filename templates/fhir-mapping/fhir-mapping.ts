import type { Identifier, Resource } from 'fhir/r4.js';
import type { IngestError } from '../../core/errors.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { ObservationIdentifier } from '../../core/observation-identifier.ts';

/** FHIR resource ids, not identifiers. */
export type { ResolvedIdentity as ResolvedIds } from '../../core/identity.ts';

/** A FHIR mapping (`CollectionFhir`), ready to use. */
export interface FhirMapping {
  /** As written, in the file's order. */
  readonly typeNames: readonly string[];
  /** Ignoring case. */
  forType(type: string): ResourceTemplate | undefined;
}

/** A resource that can be found by what it is called in its own world. */
export type IdentifiedResource = Resource & { readonly identifier?: Identifier[] | undefined };

/** Measurements that become one resource. Indexes are those of the measurements that were grouped. */
export interface ResourceGroup {
  /** Tells it from the other groups of the same type and owner. */
  readonly idSegment: string;
  /** All that belong here, ascending. */
  readonly measurements: readonly number[];
  /** Of these: every mapped value of it gave way to a later one of the same instant and property. */
  readonly superseded: readonly number[];
  /** Of these: carries no mapped value. */
  readonly withoutValue: readonly number[];
  /** No mapped value at all: nothing is to be written. */
  readonly isEmpty: boolean;
  /** Samples that give way to a later one of their slot when the group is created. */
  readonly collidedCount: number;
}

/** What became of a stored resource and what was merged into it. */
export interface MergedResource<R extends IdentifiedResource> {
  /** `unchanged`: nothing we own would change, so nothing is to be written. */
  readonly outcome: 'updated' | 'unchanged';
  /** The stored one itself when unchanged, else a new one. */
  readonly resource: R;
  /** Samples that gave way to another of their slot. */
  readonly collidedCount: number;
}

/**
 * How the versions of a resource tell where they come from. Some servers let one create replace another: what was
 * replaced is then looked for in the history.
 */
export interface Lineage<R extends IdentifiedResource> {
  /** Whether a version is as `create` makes it: never merged, nor changed by hand. */
  isCreate(version: R): boolean;
  /** Whether two such versions come of two creates. */
  isAnew(a: R, b: R): boolean;
  /** The same, so that nobody takes it for a create. */
  amended(version: R): R;
}

/**
 * How the measurements of one type become resources of one type. All of it is pure; a template is given no groups but
 * its own, and no resources but those under the identifiers of its groups.
 */
export interface ResourceTemplate<
  R extends IdentifiedResource = IdentifiedResource,
  Group extends ResourceGroup = ResourceGroup,
> {
  /** Of the measurements, compared ignoring case. */
  readonly typeName: string;
  readonly resourceType: R['resourceType'];
  readonly lineage: Lineage<R>;
  /** Bad data, judged for each measurement before it is grouped; undefined when it is fine. */
  judge(measurement: Measurement): IngestError | undefined;
  /** Groups judged measurements of one device, patient and encounter, ascending by start. */
  group(measurements: readonly Measurement[]): Group[];
  /** Names the resource of a group: whoever writes the same group again meets it. */
  identifier(group: Group, ids: ResolvedIdentity): ObservationIdentifier;
  /**
   * For a group that is not empty.
   *
   * @param issuedAt ISO 8601 with seconds and zone, as FHIR's instant
   * @throws IngestError DATA_TOO_LONG
   */
  create(group: Group, ids: ResolvedIdentity, issuedAt: string): R;
  /**
   * `unchanged` when nothing we own would change.
   *
   * @throws IngestError of kind waiting (MAPPING_CONFLICT, OBSERVATION_UNMERGEABLE, OBSERVATION_RETIRED,
   *   OBSERVATION_FOREIGN) or bad-data (DATA_TOO_LONG)
   */
  merge(group: Group, ids: ResolvedIdentity, stored: R): MergedResource<R>;
  /**
   * Merges what another version of the same resource holds into this one.
   *
   * @param group any whose resource it is
   * @throws IngestError as `merge`
   */
  join(group: Group, ids: ResolvedIdentity, stored: R, other: R): MergedResource<R>;
}
