import { collectionSchema, oneOf } from '../template-schema.ts';
import type { JsonSchema } from '../template-schema.ts';
import type { MappingKind } from './mapping-kind.ts';
import { MAPPING_KINDS } from './mapping-kinds.ts';

/** The JSON Schema of a FHIR mapping file, for editors; the loader sees more. */
export function fhirMappingSchema(kinds: readonly MappingKind[] = MAPPING_KINDS): JsonSchema {
  return collectionSchema({
    title: 'FHIR mapping',
    description: 'How measurements become FHIR resources.',
    members: {
      $schema: { description: 'Where editors find the schema of this file.', schema: { type: 'string' } },
      templateType: {
        description: 'What this file is.',
        schema: oneOf(['CollectionFhir', 'CollectionFhirTemplate']),
        isRequired: true,
      },
    },
    types: kinds.map(({ spellings, description, schema }) => ({ spellings, description, template: schema })),
  });
}
