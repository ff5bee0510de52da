import type { CodeableConcept } from 'fhir/r4.js';
import { conceptOf, readCode } from './code.ts';
import type { Code } from './code.ts';
import { parsePeriodInterval } from './period-interval.ts';
import type { PeriodInterval } from './period-interval.ts';
import type { TemplateObject } from './template-object.ts';
import { readValue } from './values/value-template.ts';
import type { ValueTemplate } from './values/value-template.ts';

/** How the measurements of one type become Observations. */
export interface CodeValueFhirTemplate {
  /** Of the measurements, compared ignoring case. */
  readonly typeName: string;
  readonly periodInterval: PeriodInterval;
  readonly codes: readonly Code[];
  readonly category: readonly CodeableConcept[];
  readonly value?: ValueTemplate;
  readonly components: readonly ComponentTemplate[];
}

export interface ComponentTemplate {
  readonly codes: readonly Code[];
  readonly value: ValueTemplate;
}

const MEMBERS = ['typeName', 'periodInterval', 'codes', 'category', 'value', 'components'] as const;
/** The original writes these itself and tolerates them. */
const PLACE_MEMBERS = ['lineNumber', 'linePosition'] as const;

/** All values a template maps: its own, then its components', in their order. */
export function valuesOf({ value, components }: CodeValueFhirTemplate): ValueTemplate[] {
  return [...(value === undefined ? [] : [value]), ...components.map((component) => component.value)];
}

/** Undefined when the mapping is wrong, which is then noted. */
export function readCodeValueFhirTemplate(object: TemplateObject): CodeValueFhirTemplate | undefined {
  object.rejectUnknown([...MEMBERS, ...PLACE_MEMBERS]);
  const typeName = object.requiredText('typeName');
  const periodInterval = readPeriodInterval(object);
  const codes = object.requiredObjects('codes').map((code) => readCode(code, 'checked'));
  const category = (object.objects('category') ?? []).map(readCategory).filter(isNotEmpty);
  const value = readOptionalValue(object);
  const components = (object.objects('components') ?? []).flatMap((component) => readComponent(component) ?? []);
  if (typeName === undefined || periodInterval === undefined) return undefined;
  return { typeName, periodInterval, codes, category, components, ...(value !== undefined && { value }) };
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

function readCategory(object: TemplateObject): CodeableConcept {
  object.rejectUnknown(['text', 'codes']);
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
  object.rejectUnknown(['codes', 'value']);
  const codes = object.requiredObjects('codes').map((code) => readCode(code, 'checked'));
  const value = readOptionalValue(object);
  if (object.node.member('value') === undefined) object.missing('value');
  return value && { codes, value };
}
