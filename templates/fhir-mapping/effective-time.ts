import type { Observation, Period } from 'fhir/r4.js';
import { formatFhirInstant } from '../../core/fhir-date-time.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { ValuePeriod } from './values/value-kind.ts';

/** A period, as the original writes it; an instant where the mapping asks for it and it is one. */
export function effectiveTime(
  template: CodeValueFhirTemplate,
  period: ValuePeriod,
): Pick<Observation, 'effectiveDateTime' | 'effectivePeriod'> {
  const instant = instantOf(template, period);
  return instant === undefined ? { effectivePeriod: periodElement(period) } : { effectiveDateTime: instant };
}

/**
 * Writes the time of a merged Observation. An effectiveDateTime that still holds stays as it stands, where the mapping
 * asks for one.
 *
 * @param isExtended whether the period is longer than the stored one
 */
export function replaceEffectiveTime(
  draft: Observation,
  template: CodeValueFhirTemplate,
  period: ValuePeriod,
  isExtended: boolean,
): void {
  if (template.hasEffectiveDateTime && !isExtended && draft.effectiveDateTime !== undefined) return;
  delete draft.effectiveDateTime;
  delete draft._effectiveDateTime;
  const instant = isPlain(draft.effectivePeriod) ? instantOf(template, period) : undefined;
  if (instant !== undefined) {
    delete draft.effectivePeriod;
    draft.effectiveDateTime = instant;
  } else {
    draft.effectivePeriod = { ...draft.effectivePeriod, ...periodElement(period) };
  }
}

function instantOf({ hasEffectiveDateTime }: CodeValueFhirTemplate, period: ValuePeriod): string | undefined {
  const { start, end } = periodElement(period);
  return hasEffectiveDateTime && start === end ? start : undefined;
}

function periodElement({ start, end, precision }: ValuePeriod): { start: string; end: string } {
  return { start: formatFhirInstant(start, precision), end: formatFhirInstant(end, precision) };
}

/** Whether a period says nothing but when it begins and ends. */
function isPlain(period: Period | undefined): boolean {
  return Object.keys(period ?? {}).every((name) => name === 'start' || name === 'end');
}
