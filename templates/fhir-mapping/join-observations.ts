import type { Observation } from 'fhir/r4.js';
import { IngestError } from '../../core/errors.ts';
import type { TimePrecision } from '../../core/fhir-date-time.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import { observationIdentifier } from '../../core/observation-identifier.ts';
import { checkMergeable, effectivePeriodOf, valueElementOf, valueNamesOf } from '../../core/stored-observation.ts';
import { codeOfName } from './code.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { MergedResource } from './fhir-mapping.ts';
import { mergeObservation } from './merge-observation.ts';
import { ascending } from './observation-group.ts';
import type { ObservationGroup } from './observation-group.ts';
import { placesHeld } from './value-place.ts';
import { checkSameGrid } from './values/sampled-data.ts';
import type { ObservedValue } from './values/value-kind.ts';
import { kindOf } from './values/value-template.ts';

/**
 * Merges what another version of the same Observation holds into this one: the other is read back into the values it
 * was made of, and those are merged as any group's. What else stands in the other (notes, performers) is not taken over.
 *
 * @param of the group whose Observation both are versions of
 * @throws IngestError as `mergeObservation`, for either version; MAPPING_CONFLICT also where the other holds values that
 *   the template no longer names, or samples on another grid
 */
export function joinObservations(
  template: CodeValueFhirTemplate,
  of: ObservationGroup,
  ids: ResolvedIdentity,
  stored: Observation,
  other: Observation,
  precision: TimePrecision,
): MergedResource<Observation> {
  checkMergeable(other, ids, observationIdentifier(ids, of.type, of.idSegment));
  checkNamed(template, other);
  checkMergeable(stored, ids, observationIdentifier(ids, of.type, of.idSegment));
  checkGrids(template, stored, other);
  return mergeObservation(template, readBack(template, of, other), ids, stored, precision);
}

function readBack(template: CodeValueFhirTemplate, of: ObservationGroup, stored: Observation): ObservationGroup {
  const { start, end } = effectivePeriodOf(stored);
  const series = new Map<string, ObservedValue[]>();
  for (const { value, holder } of placesHeld(stored, template)) {
    const known = series.get(value.valueName) ?? [];
    series.set(value.valueName, [...known, ...kindOf(value).readBack(value, holder, start.ticks)]);
  }
  const values = ascending(series);
  const { type, idSegment } = of;
  const noMeasurements = { measurements: [], superseded: [], withoutValue: [], collidedCount: 0 };
  return { type, idSegment, start: start.ticks, end: end.ticks, values, isEmpty: values.size === 0, ...noMeasurements };
}

/** Both begin with their first reading where a correlation id makes the group: their slots may lie between each other. */
function checkGrids(template: CodeValueFhirTemplate, stored: Observation, other: Observation): void {
  const [start, otherStart] = [stored, other].map((version) => effectivePeriodOf(version).start.ticks);
  if (start === undefined || otherStart === undefined || start === otherStart) return;
  const held = placesHeld(stored, template);
  for (const { value, holder } of placesHeld(other, template)) {
    if (value.valueType !== 'SampledData') continue;
    const onto = held.find((place) => place.value === value)?.holder.valueSampledData;
    checkSameGrid(value, holder.valueSampledData, otherStart, { stream: onto, start });
  }
}

/** A value that only an earlier mapping named would be left behind without a word. */
function checkNamed({ value, components }: CodeValueFhirTemplate, stored: Observation): void {
  const named = new Set(components.map((component) => codeOfName(component.value.valueName)));
  const isNamed = (stored.component ?? []).flatMap(valueNamesOf).every((name) => name !== undefined && named.has(name));
  if (isNamed && (value !== undefined || valueElementOf(stored) === undefined)) return;
  throw new IngestError('MAPPING_CONFLICT', 'The stored Observation holds a value that its mapping no longer names');
}
