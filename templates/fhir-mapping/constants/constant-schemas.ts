import { listOf } from '../../template-schema.ts';
import type { JsonSchema } from '../../template-schema.ts';
import { elementsOf } from './fhir-elements.ts';
import type { FhirElement } from './fhir-elements.ts';
import { FHIR_PRIMITIVES, NARROWED, primitiveNamed } from './fhir-primitives.ts';
import { FHIR_TYPES } from './fhir-types.ts';
import type { FhirType } from './fhir-types.ts';

const UNDESCRIBED = 'Undescribed';

/** The schema of an element, for editors; it refers to `CONSTANT_DEFINITIONS`. */
export function constantSchema({ type, isList }: FhirElement): JsonSchema {
  const isDescribed = type in FHIR_TYPES || primitiveNamed(type) !== undefined;
  const schema = { $ref: `#/$defs/${isDescribed ? type : UNDESCRIBED}` };
  return isList ? { ...listOf(schema), minItems: 1 } : schema;
}

/** The schemas of FHIR's types, by their names. */
export const CONSTANT_DEFINITIONS: Readonly<Record<string, JsonSchema>> = {
  ...FHIR_PRIMITIVES,
  ...NARROWED,
  ...Object.fromEntries(Object.entries(FHIR_TYPES).map(([name, type]) => [name, typeSchema(type)])),
  [UNDESCRIBED]: {
    type: 'object',
    minProperties: 1,
    additionalProperties: { $ref: '#/$defs/NotEmpty' },
  },
  NotEmpty: {
    anyOf: [
      { $ref: `#/$defs/${UNDESCRIBED}` },
      { type: 'array', minItems: 1, items: { $ref: '#/$defs/NotEmpty' } },
      { $ref: '#/$defs/string' },
      { type: ['number', 'boolean'] },
    ],
  },
};

function typeSchema(type: FhirType): JsonSchema {
  const elements = [...elementsOf(type)];
  const required = elements.flatMap(([name, { isRequired }]) => (isRequired ? [name] : []));
  const needs = Object.entries(type.needs ?? {}).map(([name, needed]) => ({
    if: said(type, name),
    then: said(type, needed),
  }));
  return {
    type: 'object',
    minProperties: 1,
    properties: Object.fromEntries(elements.map(([name, element]) => [name, constantSchema(element)])),
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    ...(needs.length > 0 && { allOf: needs }),
    ...countSchema(type),
  };
}

function countSchema(type: FhirType): JsonSchema {
  if (type.count === undefined) return {};
  const { of, min, max } = type.count;
  const counted = [...elementsOf(type)].flatMap(([name, { tableName }]) =>
    of.includes(tableName) && !name.startsWith('_') ? [said(type, name)] : [],
  );
  if (max === undefined) return { anyOf: counted };
  return { oneOf: min === 0 ? [...counted, { not: { anyOf: counted } }] : counted };
}

/** Holds where an element is there, or what may stand beside it. */
function said(type: FhirType, name: string): JsonSchema {
  const beside = `_${name}`;
  const own = { required: [name] };
  return elementsOf(type).has(beside) ? { anyOf: [own, { required: [beside] }] } : own;
}
