import type { CodeableConcept } from 'fhir/r4.js';
import { listOf, objectSchema, oneOf, OPTIONAL_TEXT, orNull, TEXT } from '../template-schema.ts';
import type { JsonSchema, MemberTable } from '../template-schema.ts';
import { CODE_MEMBERS, conceptOf, readCode } from './code.ts';
import type { Code } from './code.ts';
import { CONSTANT_DEFINITIONS } from './constants/constant-schemas.ts';
import {
  COMPONENT_CONSTANT_MEMBERS,
  OBSERVATION_CONSTANT_MEMBERS,
  readComponentConstants,
  readObservationConstants,
} from './constants/constants.ts';
import type { ComponentConstants, ObservationConstants } from './constants/constants.ts';
import { parsePeriodInterval, PERIOD_INTERVALS } from './period-interval.ts';
import type { PeriodInterval } from './period-interval.ts';
import type { TemplateObject } from './template-object.ts';
import { readValue, valueSchema } from './values/value-template.ts';
import type { ValueTemplate } from './values/value-template.ts';

/** How the measurements of one type become Observations. */
export interface CodeValueFhirTemplate {
  /** Of the measurements, compared ignoring case. */
  readonly typeName: string;
  readonly periodInterval: PeriodInterval;
  /** Whether an Observation of one instant says so as `effectiveDateTime`. */
  readonly hasEffectiveDateTime: boolean;
  readonly codes: readonly Code[];
  readonly category: readonly CodeableConcept[];
  readonly value?: ValueTemplate;
  readonly components: readonly ComponentTemplate[];
  readonly constants: ObservationConstants;
}

export interface ComponentTemplate {
  readonly codes: readonly Code[];
  readonly value: ValueTemplate;
  readonly constants: ComponentConstants;
}

const CODES: JsonSchema = listOf(objectSchema(CODE_MEMBERS));
const VALUE = valueSchema();

const CATEGORY_MEMBERS = {
  text: { description: 'The category in words.', schema: OPTIONAL_TEXT },
  codes: { description: 'The category in codes.', schema: orNull(CODES) },
} satisfies MemberTable;

const COMPONENT_MEMBERS = {
  codes: { description: "The codes of the component's code.", schema: CODES, isRequired: true },
  value: { description: "The component's value.", schema: VALUE, isRequired: true },
  ...COMPONENT_CONSTANT_MEMBERS,
} satisfies MemberTable;

const MEMBERS = {
  typeName: { description: 'The measurement type, in any case.', schema: TEXT, isRequired: true },
  periodInterval: {
    description: 'What becomes one Observation: each instant, hour, day (in UTC) or correlation id.',
    schema: { ...oneOf(PERIOD_INTERVALS.names, PERIOD_INTERVALS.numbers), default: 'Single' },
  },
  effectiveDateTime: {
    description: 'Of Single ones: whether their time is written as effectiveDateTime, not as a period.',
    schema: { type: ['boolean', 'null'] },
  },
  codes: { description: "The codes of the Observation's code.", schema: CODES, isRequired: true },
  category: {
    description: 'The categories of the Observation.',
    schema: orNull(listOf(objectSchema(CATEGORY_MEMBERS))),
  },
  value: { description: "The Observation's own value.", schema: VALUE },
  components: { description: "The Observation's components.", schema: orNull(listOf(objectSchema(COMPONENT_MEMBERS))) },
  ...OBSERVATION_CONSTANT_MEMBERS,
} satisfies MemberTable;

/** The original writes these itself and tolerates them. */
const PLACE = { description: 'Where the original found it; ignored.', schema: { deprecated: true } };
const ALL_MEMBERS: MemberTable = { ...MEMBERS, lineNumber: PLACE, linePosition: PLACE };

/** The schema of such a template, for editors. */
export const CODE_VALUE_FHIR_SCHEMA: JsonSchema = {
  ...objectSchema(ALL_MEMBERS),
  if: { properties: { effectiveDateTime: { const: true } }, required: ['effectiveDateTime'] },
  then: { properties: { periodInterval: oneOf(['Single', 'Instance'], [0, '0']) } },
  $defs: CONSTANT_DEFINITIONS,
};

/** All values a template maps: its own, then its components', in their order. */
export function valuesOf({ value, components }: CodeValueFhirTemplate): ValueTemplate[] {
  return [...(value === undefined ? [] : [value]), ...components.map((component) => component.value)];
}

/** Undefined when the mapping is wrong, which is then noted. */
export function readCodeValueFhirTemplate(object: TemplateObject): CodeValueFhirTemplate | undefined {
  object.rejectUnknown(Object.keys(ALL_MEMBERS));
  const typeName = object.requiredText('typeName');
  const periodInterval = readPeriodInterval(object);
  const hasEffectiveDateTime = readEffectiveDateTime(object, periodInterval);
  const codes = object.requiredObjects('codes').map((code) => readCode(code, 'checked'));
  const category = (object.objects('category') ?? []).map(readCategory).filter(isNotEmpty);
  const value = readOptionalValue(object);
  const components = (object.objects('components') ?? []).flatMap((component) => readComponent(component) ?? []);
  const constants = readObservationConstants(object);
  if (typeName === undefined || periodInterval === undefined) return undefined;
  const own = value === undefined ? {} : { value };
  return { typeName, periodInterval, hasEffectiveDateTime, codes, category, ...own, components, constants };
}

function readPeriodInterval(object: TemplateObject): PeriodInterval | undefined {
  const node = object.node.member('periodInterval');
  if (node === undefined) return 'Single';
  const isScalar = node.kind === 'number' || node.kind === 'string';
  const interval = isScalar ? parsePeriodInterval(String(node.value)) : undefined;
  if (interval === undefined)
    object.invalid(node, 'Expected CorrelationId (-1), Single (0), Hourly (60) or Daily (1440)');
  return interval;
}

function readEffectiveDateTime(object: TemplateObject, periodInterval: PeriodInterval | undefined): boolean {
  const node = object.node.member('effectiveDateTime');
  if (node === undefined || node.kind === 'null') return false;
  if (node.kind !== 'boolean') object.wrongKind(node, 'true or false');
  if (node.value === true && periodInterval !== undefined && periodInterval !== 'Single')
    object.invalid(node, 'Expected this of Single ones alone: what takes longer has a period');
  return node.value === true;
}

function readCategory(object: TemplateObject): CodeableConcept {
  object.rejectUnknown(Object.keys(CATEGORY_MEMBERS));
  const codes = (object.objects('codes') ?? []).map((code) => readCode(code, 'checked'));
  return conceptOf(codes, object.text('text'));
}

function isNotEmpty(concept: CodeableConcept): boolean {
  return Object.keys(concept).length > 0;
}

function readOptionalValue(object: TemplateObject): ValueTemplate | undefined {
  const node = object.node.member('value');
  const value = node && object.inside(node);
  return value && readValue(value);
}

function readComponent(object: TemplateObject): ComponentTemplate | undefined {
  object.rejectUnknown(Object.keys(COMPONENT_MEMBERS));
  const codes = object.requiredObjects('codes').map((code) => readCode(code, 'checked'));
  const value = readOptionalValue(object);
  if (object.node.member('value') === undefined) object.missing('value');
  const constants = readComponentConstants(object);
  return value && { codes, value, constants };
}
