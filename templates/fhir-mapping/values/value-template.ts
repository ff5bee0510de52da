import { objectSchema, oneOf, TEXT, whenMember } from '../../template-schema.ts';
import type { JsonSchema, MemberTable } from '../../template-schema.ts';
import type { TemplateObject } from '../template-object.ts';
import { boolean } from './boolean.ts';
import type { BooleanTemplate } from './boolean.ts';
import { codeableConcept } from './codeable-concept.ts';
import type { CodeableConceptTemplate } from './codeable-concept.ts';
import { dateTime } from './date-time.ts';
import type { DateTimeTemplate } from './date-time.ts';
import { integer } from './integer.ts';
import type { IntegerTemplate } from './integer.ts';
import { quantity } from './quantity.ts';
import type { QuantityTemplate } from './quantity.ts';
import { sampledData } from './sampled-data.ts';
import type { SampledDataTemplate } from './sampled-data-template.ts';
import { string } from './string.ts';
import type { StringTemplate } from './string.ts';
import type { ValueKind } from './value-kind.ts';

/** The value of a mapping, or of one of its components. */
export type ValueTemplate =
  | SampledDataTemplate
  | QuantityTemplate
  | StringTemplate
  | CodeableConceptTemplate
  | BooleanTemplate
  | IntegerTemplate
  | DateTimeTemplate;

type ValueType = ValueTemplate['valueType'];

const VALUE_KINDS: { readonly [Type in ValueType]: ValueKind<Extract<ValueTemplate, { valueType: Type }>> } = {
  SampledData: sampledData,
  Quantity: quantity,
  String: string,
  CodeableConcept: codeableConcept,
  Boolean: boolean,
  Integer: integer,
  DateTime: dateTime,
};

const VALUE_TYPES = Object.keys(VALUE_KINDS) as readonly ValueType[];

/** The schema of a value, for editors. */
export function valueSchema(): JsonSchema {
  const kinds = VALUE_TYPES.map((name) => ({ name, ...VALUE_KINDS[name] }));
  const description = kinds.map((kind) => `${kind.name}: ${kind.description}`).join('\n');
  const members: MemberTable = {
    valueType: { description, schema: oneOf(VALUE_TYPES), isRequired: true },
    valueName: { description: 'The name of the value that was measured.', schema: TEXT, isRequired: true },
  };
  const byType = kinds.map((kind) => whenMember('valueType', [kind.name], objectSchema(kind.members, 'ignored')));
  return { ...objectSchema(members, 'ignored'), allOf: byType };
}

export function kindOf(template: ValueTemplate): ValueKind<ValueTemplate> {
  // Each kind is registered under its own template's valueType, so it is given no other; the compiler takes our word.
  return VALUE_KINDS[template.valueType];
}

/** Undefined when the mapping is wrong, which is then noted. Unknown members are let in, as in the original. */
export function readValue(object: TemplateObject): ValueTemplate | undefined {
  const type = readValueType(object);
  const valueName = object.requiredText('valueName');
  if (type === undefined) return undefined;
  const template = VALUE_KINDS[type].read(object, valueName ?? '');
  return valueName === undefined ? undefined : template;
}

/** The original knows this member in two spellings only; its text in any casing. */
function readValueType(object: TemplateObject): ValueType | undefined {
  const { members } = object.node;
  const node = members.get('valueType') ?? members.get('ValueType');
  const written = typeof node?.value === 'string' ? node.value.toLowerCase() : undefined;
  const type = VALUE_TYPES.find((known) => known.toLowerCase() === written);
  if (type !== undefined) return type;
  object.error(
    node ?? object.node,
    'TEMPLATE_VALUE_TYPE_UNKNOWN',
    `Expected a valueType, one of ${VALUE_TYPES.join(', ')}`,
  );
  return undefined;
}
