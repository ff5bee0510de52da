import type { TimePrecision } from '../../core/fhir-date-time.ts';
import type { Loaded } from '../../core/template-issue.ts';
import { readTemplateFile } from '../template-file.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import { createObservation } from './create-observation.ts';
import type { FhirMapping, ObservationTemplate } from './fhir-mapping.ts';
import { joinObservations } from './join-observations.ts';
import { judgeMeasurement } from './judge.ts';
import { readMappingFile } from './mapping-file.ts';
import { mergeObservation } from './merge-observation.ts';
import { groupMeasurements } from './observation-group.ts';
import type { SingleId } from './period-interval.ts';

export type * from './fhir-mapping.ts';

export interface FhirMappingOptions {
  /** `seconds` gives Single Observations the original's ids, so that those of one second share one; for a cut-over. */
  readonly singleId?: SingleId;
  /** How times are written into Observations. */
  readonly timePrecision?: TimePrecision;
}

/** Reads a FHIR mapping; every issue is reported at once. Numbers in Observations are `LosslessNumber`. */
export function loadFhirMapping(text: string, options: FhirMappingOptions = {}): Loaded<FhirMapping> {
  const file = readTemplateFile(text);
  const templates = readMappingFile(file);
  const { issues } = file;
  if (issues.some(({ severity }) => severity === 'error')) return { ok: false, issues };
  const byType = new Map(templates.map((template) => [template.typeName.toLowerCase(), bind(template, options)]));
  const mapping: FhirMapping = {
    typeNames: templates.map(({ typeName }) => typeName),
    forType: (type) => byType.get(type.toLowerCase()),
  };
  return { ok: true, template: mapping, issues };
}

function bind(template: CodeValueFhirTemplate, options: FhirMappingOptions): ObservationTemplate {
  const { singleId = 'fraction', timePrecision = '100ns' } = options;
  return {
    judge: (measurement) => judgeMeasurement(template, measurement),
    group: (measurements) => groupMeasurements(template, measurements, singleId),
    create: (group, ids, issuedAt) => createObservation(template, group, ids, issuedAt, timePrecision),
    merge: (group, ids, stored) => mergeObservation(template, group, ids, stored, timePrecision),
    join: (group, ids, stored, other) => joinObservations(template, group, ids, stored, other, timePrecision),
  };
}
