import { collectionSchema, oneOf } from '../template-schema.ts';
import type { JsonSchema } from '../template-schema.ts';
import { CODE_VALUE_FHIR_SCHEMA } from './code-value-fhir-template.ts';

/** The JSON Schema of a FHIR mapping file, for editors; the loader sees more. */
export function fhirMappingSchema(): JsonSchema {
  return collectionSchema({
    title: 'FHIR mapping',
    description: 'How measurements become FHIR Observations.',
    members: {
      $schema: { description: 'Where editors find the schema of this file.', schema: { type: 'string' } },
      templateType: {
        description: 'What this file is.',
        schema: oneOf(['CollectionFhir', 'CollectionFhirTemplate']),
        isRequired: true,
      },
    },
    types: [
      {
        spellings: ['CodeValueFhir', 'CodeValueFhirTemplate'],
        description: 'measurements of a type become Observations with values',
        template: CODE_VALUE_FHIR_SCHEMA,
      },
    ],
  });
}
