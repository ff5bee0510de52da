import { FHIR_PRIMITIVES } from './fhir-primitives.ts';
import type { PrimitiveName } from './fhir-primitives.ts';

export type ComplexName =
  | 'Annotation'
  | 'CodeableConcept'
  | 'Coding'
  | 'Element'
  | 'Extension'
  | 'Identifier'
  | 'Performer'
  | 'Period'
  | 'Quantity'
  | 'Range'
  | 'Ratio'
  | 'Reference'
  | 'ReferenceRange'
  | 'SimpleQuantity'
  | 'WrittenMeta';

/** Types that only the value of an extension may have; what is in them is not looked at. */
const UNDESCRIBED_TYPES = [
  ...['Address', 'Age', 'Attachment', 'ContactDetail', 'ContactPoint', 'Contributor', 'Count', 'DataRequirement'],
  ...['Distance', 'Dosage', 'Duration', 'Expression', 'HumanName', 'Meta', 'Money', 'ParameterDefinition'],
  ...['RelatedArtifact', 'SampledData', 'Signature', 'Timing', 'TriggerDefinition', 'UsageContext'],
];

type Named = PrimitiveName | ComplexName;

/** What an element may be: one of a type, one that must be there (`!`), a list (`[]`), or one of any of several types. */
export type Spelling = Named | `${Named}!` | `${Named}[]` | readonly string[];

const BASES = {
  none: {},
  Element: { id: 'string', extension: 'Extension[]' },
  BackboneElement: { id: 'string', extension: 'Extension[]', modifierExtension: 'Extension[]' },
} as const;

/** A complex type of FHIR, as far as constants of a mapping need it. */
export interface FhirType {
  /** What it has besides. */
  readonly base: keyof typeof BASES;
  /** A choice of types has the name `…[x]`. */
  readonly elements: Readonly<Record<string, Spelling>>;
  /** How many of some elements must and may be there. */
  readonly count?: { readonly of: readonly string[]; readonly min: 0 | 1; readonly max?: 1 };
  /** Elements that may not be there without another. */
  readonly needs?: Readonly<Record<string, string>>;
}

const REFERENCE = { reference: 'string', type: 'uri', identifier: 'Identifier', display: 'string' } as const;
const SIMPLE_QUANTITY = { value: 'decimal', unit: 'string', system: 'uri', code: 'code' } as const;
const CODE_NEEDS_SYSTEM = { code: 'system' };

/** @see https://hl7.org/fhir/R4/datatypes.html */
export const FHIR_TYPES: Readonly<Record<ComplexName, FhirType>> = {
  Annotation: {
    base: 'Element',
    elements: { 'author[x]': ['Reference', 'string'], time: 'dateTime', text: 'markdown!' },
    count: { of: ['author[x]'], min: 0, max: 1 },
  },
  CodeableConcept: { base: 'Element', elements: { coding: 'Coding[]', text: 'string' } },
  Coding: {
    base: 'Element',
    elements: { system: 'uri', version: 'string', code: 'code', display: 'string', userSelected: 'boolean' },
  },
  Element: { base: 'Element', elements: {} },
  Extension: {
    base: 'Element',
    elements: {
      url: 'uri!',
      'value[x]': [
        ...Object.keys(FHIR_PRIMITIVES),
        ...[
          'Annotation',
          'CodeableConcept',
          'Coding',
          'Identifier',
          'Period',
          'Quantity',
          'Range',
          'Ratio',
          'Reference',
        ],
        ...UNDESCRIBED_TYPES,
      ],
    },
    count: { of: ['extension', 'value[x]'], min: 1, max: 1 },
  },
  Identifier: {
    base: 'Element',
    elements: {
      use: 'IdentifierUse',
      type: 'CodeableConcept',
      system: 'uri',
      value: 'string',
      period: 'Period',
      assigner: 'Reference',
    },
  },
  // A Reference to somebody who may perform an Observation.
  Performer: { base: 'Element', elements: { ...REFERENCE, reference: 'PerformerReference' } },
  Period: { base: 'Element', elements: { start: 'dateTime', end: 'dateTime' } },
  Quantity: {
    base: 'Element',
    elements: { ...SIMPLE_QUANTITY, comparator: 'QuantityComparator' },
    needs: CODE_NEEDS_SYSTEM,
  },
  Range: { base: 'Element', elements: { low: 'SimpleQuantity', high: 'SimpleQuantity' } },
  Ratio: {
    base: 'Element',
    elements: { numerator: 'Quantity', denominator: 'Quantity' },
    needs: { numerator: 'denominator', denominator: 'numerator' },
  },
  Reference: { base: 'Element', elements: REFERENCE },
  ReferenceRange: {
    base: 'BackboneElement',
    elements: {
      low: 'SimpleQuantity',
      high: 'SimpleQuantity',
      type: 'CodeableConcept',
      appliesTo: 'CodeableConcept[]',
      age: 'Range',
      text: 'string',
    },
    count: { of: ['low', 'high', 'text'], min: 1 },
  },
  SimpleQuantity: { base: 'Element', elements: SIMPLE_QUANTITY, needs: CODE_NEEDS_SYSTEM },
  // Of a resource's meta all but these are the server's.
  WrittenMeta: { base: 'none', elements: { profile: 'canonical[]', tag: 'Coding[]' } },
};

/** All elements of a type, also those it has in common with others. */
export function tableOf({ base, elements }: FhirType): Readonly<Record<string, Spelling>> {
  return { ...BASES[base], ...elements };
}
