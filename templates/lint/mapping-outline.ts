import { codeValueFhir } from '../fhir-mapping/kinds/code-value-fhir.ts';
import { parsePeriodInterval } from '../fhir-mapping/period-interval.ts';
import type { PeriodInterval } from '../fhir-mapping/period-interval.ts';
import type { TemplateNode } from '../template-file.ts';
import { objectsOf, placedText, templatesOf } from './placed.ts';
import type { PlacedText } from './placed.ts';

/** A template of a FHIR mapping, as far as it can be read. */
export interface MappedType {
  readonly node: TemplateNode;
  readonly typeName: PlacedText | undefined;
  /** Absent for template types that make something else than Observations with values. */
  readonly observation: MappedObservation | undefined;
}

export interface MappedObservation {
  readonly node: TemplateNode;
  readonly typeName: PlacedText | undefined;
  /** Absent where the file says what is no interval. */
  readonly interval: PeriodInterval | undefined;
  /** Where the interval stands; the whole template where it is the default. */
  readonly intervalNode: TemplateNode;
  readonly codes: readonly MappedCode[];
  readonly categories: readonly MappedCode[];
  readonly value: MappedValue | undefined;
  readonly components: readonly MappedComponent[];
}

interface MappedComponent {
  readonly node: TemplateNode;
  readonly codes: readonly MappedCode[];
  readonly value: MappedValue | undefined;
}

export interface MappedCode {
  readonly node: TemplateNode;
  readonly code: PlacedText | undefined;
  readonly system: PlacedText | undefined;
  readonly display: PlacedText | undefined;
}

export interface MappedValue {
  readonly node: TemplateNode;
  readonly valueType: PlacedText | undefined;
  readonly valueName: PlacedText | undefined;
  readonly unit: PlacedText | undefined;
  readonly system: PlacedText | undefined;
  readonly code: PlacedText | undefined;
  readonly defaultPeriod: PlacedText | undefined;
}

export function outlineMapping(root: TemplateNode): readonly MappedType[] {
  return templatesOf(root).map(({ type, template }) => {
    const isObservation = codeValueFhir.spellings.some((known) => known.toLowerCase() === type.toLowerCase());
    return {
      node: template,
      typeName: placedText(template, 'typeName'),
      observation: isObservation ? outlineObservation(template) : undefined,
    };
  });
}

/** The value of an Observation and those of its components. */
export function valuesOf({ value, components }: MappedObservation): readonly MappedValue[] {
  return [value, ...components.map((component) => component.value)].filter((each) => each !== undefined);
}

export function isOfType({ valueType }: MappedValue, ...types: readonly string[]): boolean {
  return types.some((type) => type.toLowerCase() === valueType?.text.toLowerCase());
}

function outlineObservation(node: TemplateNode): MappedObservation {
  const intervalNode = node.member('periodInterval');
  return {
    node,
    typeName: placedText(node, 'typeName'),
    interval: intervalNode === undefined ? 'Single' : parsePeriodInterval(String(intervalNode.value)),
    intervalNode: intervalNode ?? node,
    codes: codesOf(node),
    categories: objectsOf(node, 'category').flatMap(codesOf),
    value: valueOf(node),
    components: objectsOf(node, 'components').map((component) => ({
      node: component,
      codes: codesOf(component),
      value: valueOf(component),
    })),
  };
}

function codesOf(object: TemplateNode): readonly MappedCode[] {
  return objectsOf(object, 'codes').map(outlineCode);
}

export function outlineCode(node: TemplateNode): MappedCode {
  return {
    node,
    code: placedText(node, 'code'),
    system: placedText(node, 'system'),
    display: placedText(node, 'display'),
  };
}

function valueOf(object: TemplateNode): MappedValue | undefined {
  const node = object.member('value');
  if (node?.kind !== 'object') return undefined;
  // That of samples may stand in their origin.
  const origin = node.member('origin');
  const unitText = (name: string): PlacedText | undefined =>
    placedText(node, name) ?? (origin && placedText(origin, name));
  return {
    node,
    valueType: placedText(node, 'valueType'),
    valueName: placedText(node, 'valueName'),
    unit: unitText('unit'),
    system: unitText('system'),
    code: unitText('code'),
    defaultPeriod: placedText(node, 'defaultPeriod'),
  };
}
