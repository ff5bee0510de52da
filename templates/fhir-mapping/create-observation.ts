import type { Observation, ObservationComponent } from 'fhir/r4.js';
import { roundToPrecision } from '../../core/fhir-date-time.ts';
import type { TimePrecision } from '../../core/fhir-date-time.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import { losslessCopy } from '../../core/lossless-copy.ts';
import { observationIdentifier } from '../../core/observation-identifier.ts';
import { namedConcept } from './code.ts';
import type { CodeValueFhirTemplate, ComponentTemplate } from './code-value-fhir-template.ts';
import { effectiveTime } from './effective-time.ts';
import type { ObservationGroup } from './observation-group.ts';
import type { ObservedValues, ValueElements, ValuePeriod } from './values/value-kind.ts';
import { kindOf } from './values/value-template.ts';
import type { ValueTemplate } from './values/value-template.ts';

/**
 * The Observation of a group that is written for the first time.
 *
 * @param issuedAt ISO 8601 with seconds and zone, as FHIR's instant
 * @throws IngestError DATA_TOO_LONG
 */
export function createObservation(
  template: CodeValueFhirTemplate,
  group: ObservationGroup,
  ids: ResolvedIdentity,
  issuedAt: string,
  precision: TimePrecision,
): Observation {
  if (group.isEmpty) throw new RangeError('A group without any mapped value is not written');
  const { id, system, value } = observationIdentifier(ids, group.type, group.idSegment);
  const period = writtenPeriod(group, precision);
  const component = template.components.flatMap((part) => {
    const values = group.values.get(part.value.valueName);
    return values === undefined ? [] : [createComponent(part, values, period)];
  });
  return {
    resourceType: 'Observation',
    id,
    identifier: [{ system, value }],
    status: 'final',
    ...(template.category.length > 0 && { category: [...template.category] }),
    code: namedConcept(template.codes, group.type),
    subject: { reference: `Patient/${ids.patient}` },
    ...(ids.encounter !== undefined && { encounter: { reference: `Encounter/${ids.encounter}` } }),
    ...effectiveTime(template, period),
    issued: issuedAt,
    device: { reference: `Device/${ids.device}` },
    ...mainValue(template, group, period),
    ...losslessCopy(template.constants),
    ...(component.length > 0 && { component }),
  };
}

export function createComponent(
  { codes, value, constants }: ComponentTemplate,
  values: ObservedValues,
  period: ValuePeriod,
): ObservationComponent {
  return {
    code: namedConcept(codes, value.valueName),
    ...createValue(value, values, period),
    ...losslessCopy(constants),
  };
}

export function createValue(template: ValueTemplate, values: ObservedValues, period: ValuePeriod): ValueElements {
  return kindOf(template).create(template, values, period);
}

/** Samples are counted from the start as it will be read back; the end stays whole, so that no last slot is lost. */
function writtenPeriod({ start, end }: ObservationGroup, precision: TimePrecision): ValuePeriod {
  return { start: roundToPrecision(start, precision), end, precision };
}

function mainValue({ value }: CodeValueFhirTemplate, group: ObservationGroup, period: ValuePeriod): ValueElements {
  const values = value && group.values.get(value.valueName);
  return value === undefined || values === undefined ? {} : createValue(value, values, period);
}
