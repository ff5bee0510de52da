import type { Observation } from 'fhir/r4.js';
import { observationIdentifier } from '../../../core/observation-identifier.ts';
import { CODE_VALUE_FHIR_SCHEMA, readCodeValueFhirTemplate } from '../code-value-fhir-template.ts';
import type { CodeValueFhirTemplate } from '../code-value-fhir-template.ts';
import { createObservation } from '../create-observation.ts';
import type { ResourceTemplate } from '../fhir-mapping.ts';
import { joinObservations } from '../join-observations.ts';
import { judgeMeasurement } from '../judge.ts';
import type { FhirMappingOptions, MappingKind } from '../mapping-kind.ts';
import { mergeObservation } from '../merge-observation.ts';
import { groupMeasurements } from '../observation-group.ts';
import type { ObservationGroup } from '../observation-group.ts';
import { lineageOf } from '../observation-lineage.ts';

/** A template that makes Observations. */
export type ObservationTemplate = ResourceTemplate<Observation, ObservationGroup>;

/** The original's one type: Observations with a value, components, or both. */
export const codeValueFhir: MappingKind = {
  spellings: ['CodeValueFhir', 'CodeValueFhirTemplate'],
  description: 'measurements of a type become Observations with values',
  schema: CODE_VALUE_FHIR_SCHEMA,

  read(object, options) {
    const template = readCodeValueFhirTemplate(object);
    return template && bind(template, options);
  },
};

function bind(
  template: CodeValueFhirTemplate,
  { singleId, timePrecision }: Required<FhirMappingOptions>,
): ObservationTemplate {
  return {
    typeName: template.typeName,
    resourceType: 'Observation',
    lineage: lineageOf(template),
    judge: (measurement) => judgeMeasurement(template, measurement),
    group: (measurements) => groupMeasurements(template, measurements, singleId),
    identifier: ({ type, idSegment }, ids) => observationIdentifier(ids, type, idSegment),
    create: (group, ids, issuedAt) => createObservation(template, group, ids, issuedAt, timePrecision),
    merge: (group, ids, stored) => mergeObservation(template, group, ids, stored, timePrecision),
    join: (group, ids, stored, other) => joinObservations(template, group, ids, stored, other, timePrecision),
  };
}
