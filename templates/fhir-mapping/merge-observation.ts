import type { Observation } from 'fhir/r4.js';
import type { TimePrecision } from '../../core/fhir-date-time.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import { losslessCopy } from '../../core/lossless-copy.ts';
import { observationIdentifier } from '../../core/observation-identifier.ts';
import { checkMergeable, effectivePeriodOf } from '../../core/stored-observation.ts';
import { saysSame } from './code.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import { addConstants, metaWith } from './constants/merge-constants.ts';
import { replaceEffectiveTime } from './effective-time.ts';
import { extendPeriod, isLonger, padStreams } from './merge-period.ts';
import type { MergedResource } from './fhir-mapping.ts';
import type { ObservationGroup } from './observation-group.ts';
import { fillPlace, placesIn, storedComponent } from './value-place.ts';

/**
 * Merges a group into the stored Observation. The order in which groups are merged does not matter for values that
 * carry their source time, nor for samples on the grid.
 *
 * @throws IngestError OBSERVATION_UNMERGEABLE, OBSERVATION_FOREIGN, OBSERVATION_RETIRED, MAPPING_CONFLICT (the group
 *   waits), DATA_TOO_LONG (bad data)
 */
export function mergeObservation(
  template: CodeValueFhirTemplate,
  group: ObservationGroup,
  ids: ResolvedIdentity,
  stored: Observation,
  precision: TimePrecision,
): MergedResource<Observation> {
  checkMergeable(stored, ids, observationIdentifier(ids, group.type, group.idSegment));
  const storedPeriod = effectivePeriodOf(stored);
  const unchanged = { outcome: 'unchanged', resource: stored, collidedCount: 0 } as const;
  if (group.isEmpty) return unchanged;

  const draft = losslessCopy(stored);
  const places = placesIn(draft, template, group);
  const period = extendPeriod(draft, storedPeriod, group, places, precision);
  const isExtended = isLonger(period, storedPeriod);
  if (isExtended) padStreams(draft, places, period);
  const filled = places.map((place) => fillPlace(draft, template, place, period));
  const isCategoryChanged = replaceCategory(draft, template);
  const isCompleted = addAllConstants(draft, template);

  const collidedCount = filled.reduce((count, place) => count + place.collidedCount, 0);
  const isChanged = isExtended || isCategoryChanged || isCompleted || filled.some((place) => place.isChanged);
  if (!isChanged) return { ...unchanged, collidedCount };
  replaceEffectiveTime(draft, template, period, isExtended);
  return { outcome: 'updated', resource: amended(draft, template), collidedCount };
}

/** The mapping's category holds; without one there is none. */
function replaceCategory(draft: Observation, { category }: CodeValueFhirTemplate): boolean {
  const stored: unknown = draft.category ?? [];
  const storedConcepts: unknown[] = Array.isArray(stored) ? stored : [stored];
  const isSame =
    storedConcepts.length === category.length && category.every((concept, i) => saysSame(storedConcepts[i], concept));
  if (isSame) return false;
  delete draft.category;
  if (category.length > 0) draft.category = losslessCopy([...category]);
  return true;
}

/** Also to components that get no new value: which of them do depends on how readings are cut into batches. */
function addAllConstants(draft: Observation, template: CodeValueFhirTemplate): boolean {
  const isOwnAdded = addConstants(draft, template.constants);
  const saying = template.components.filter(({ constants }) => Object.keys(constants).length > 0);
  const areAdded = saying.map((component) => {
    const holder = storedComponent(draft, template, component);
    return holder !== undefined && addConstants(holder, component.constants);
  });
  return isOwnAdded || areAdded.includes(true);
}

/** A corrected Observation stays corrected; whoever corrected it said so. */
function amended(draft: Observation, { constants }: CodeValueFhirTemplate): Observation {
  const status = draft.status === 'corrected' ? 'corrected' : 'amended';
  return { ...draft, ...metaWith(draft, constants), status };
}
