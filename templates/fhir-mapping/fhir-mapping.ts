import type { Observation } from 'fhir/r4.js';
import type { IngestError } from '../../core/errors.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { MergedObservation } from './merge-observation.ts';
import type { ObservationGroup } from './observation-group.ts';

export type { ObservationGroup } from './observation-group.ts';
/** FHIR resource ids, not identifiers. */
export type { ResolvedIdentity as ResolvedIds } from '../../core/identity.ts';

/** A FHIR mapping (`CollectionFhir`), ready to use. */
export interface FhirMapping {
  /** As written, in the file's order. */
  readonly typeNames: readonly string[];
  /** Ignoring case. */
  forType(type: string): ObservationTemplate | undefined;
}

/** How the measurements of one type become Observations. */
export interface ObservationTemplate {
  /** Bad data, judged for each measurement before it is grouped; undefined when it is fine. */
  judge(measurement: Measurement): IngestError | undefined;
  /** Groups judged measurements of one device, patient and encounter, ascending by start. */
  group(measurements: readonly Measurement[]): ObservationGroup[];
  /**
   * For a group that is not empty.
   *
   * @throws IngestError DATA_TOO_LONG
   */
  create(group: ObservationGroup, ids: ResolvedIdentity, issuedAt: string): Observation;
  /**
   * `unchanged` when nothing we own would change.
   *
   * @throws IngestError of kind waiting (MAPPING_CONFLICT, OBSERVATION_UNMERGEABLE, OBSERVATION_RETIRED,
   *   OBSERVATION_FOREIGN) or bad-data (DATA_TOO_LONG)
   */
  merge(group: ObservationGroup, ids: ResolvedIdentity, stored: Observation): MergedObservation;
  /**
   * Merges what another version of the same Observation holds into this one.
   *
   * @param group any whose Observation it is
   * @throws IngestError as `merge`
   */
  join(group: ObservationGroup, ids: ResolvedIdentity, stored: Observation, other: Observation): MergedObservation;
}
