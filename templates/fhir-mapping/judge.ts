import { IngestError } from '../../core/errors.ts';
import { hasControlCharacters } from '../../core/fhir-text.ts';
import type { Measurement } from '../../core/measurement.ts';
import { isInstant } from '../../core/ticks.ts';
import { valuesOf } from './code-value-fhir-template.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import { kindOf } from './values/value-template.ts';

/** What of a measurement could not be written; undefined when it is fine. Values no template maps are not looked at. */
export function judgeMeasurement(template: CodeValueFhirTemplate, measurement: Measurement): IngestError | undefined {
  return judgeTimes(measurement) ?? judgeCorrelation(template, measurement) ?? judgeValues(template, measurement);
}

export function judgeTimes({ occurrenceTimeUtc, ingestionTimeUtc }: Measurement): IngestError | undefined {
  if (isInstant(occurrenceTimeUtc) && isInstant(ingestionTimeUtc)) return undefined;
  return new IngestError('TIMESTAMP_UNREADABLE', 'Expected times of a measurement as ISO 8601 in UTC');
}

function judgeCorrelation(
  { periodInterval }: CodeValueFhirTemplate,
  { correlationId = '' }: Measurement,
): IngestError | undefined {
  if (periodInterval !== 'CorrelationId') return undefined;
  if (hasControlCharacters(correlationId))
    return new IngestError('VALUE_NOT_TEXT', 'Expected a correlation id without control characters');
  if (correlationId.trim() !== '') return undefined;
  return new IngestError('CORRELATION_ID_MISSING', 'Expected a correlation id, by which its mapping groups this type');
}

function judgeValues(
  template: CodeValueFhirTemplate,
  { properties, ingestionTimeUtc }: Measurement,
): IngestError | undefined {
  for (const value of valuesOf(template)) {
    for (const property of properties) {
      if (property.name !== value.valueName) continue;
      const error = kindOf(value).judge(value, property.value, ingestionTimeUtc);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}
