import { ANY_TEXT, listOf, objectSchema, oneOf, orNull, TEXT } from '../../template-schema.ts';
import type { JsonSchema, Member, MemberTable } from '../../template-schema.ts';

export type MemberName =
  | 'typeName'
  | 'typeMatchExpression'
  | 'deviceIdExpression'
  | 'timestampExpression'
  | 'patientIdExpression'
  | 'encounterIdExpression'
  | 'correlationIdExpression'
  | 'defaultExpressionLanguage'
  | 'values';

const LANGUAGES = ['JsonPath', 'JmesPath'];
/** The original's numbers. */
const LANGUAGE_NUMBERS = ['0', '1', 0, 1];

/** The members of an expression that names its language. */
export const EXPRESSION_MEMBERS = {
  value: { description: 'The expression.', schema: TEXT, isRequired: true },
  language: {
    description: 'Its language; the default of the template when absent.',
    schema: oneOf(LANGUAGES, [...LANGUAGE_NUMBERS, '', null]),
  },
} satisfies MemberTable;

const EXPRESSION: JsonSchema = {
  anyOf: [{ type: 'string', pattern: '\\S' }, objectSchema(EXPRESSION_MEMBERS, 'ignored')],
};

/** As the original takes it, in any case and with spaces around it. */
const TRUE_OR_FALSE = '^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\\s*$';

const TYPE_NAME: Member = {
  description: 'The measurement type, by which the FHIR mapping is found.',
  schema: TEXT,
  isRequired: true,
};
const VALUE_NAME: Member = {
  description: 'The name of the value, by which the FHIR mapping finds it.',
  schema: TEXT,
  isRequired: true,
};
const REQUIRED: Member = {
  description: 'Whether a message without this value fails. A value that is not required is left out.',
  schema: { anyOf: [{ type: 'boolean' }, { type: 'number' }, { type: 'string', pattern: TRUE_OR_FALSE }] },
};

/** What each member says, whatever form its expression has. */
const WORDS = {
  typeMatchExpression: 'What is a measurement: each part of the message that it selects is one.',
  deviceIdExpression: "The device's identifier.",
  timestampExpression: 'When it was measured.',
  patientIdExpression: "The patient's identifier.",
  encounterIdExpression: "The encounter's identifier.",
  correlationIdExpression: 'What belongs to one Observation. Where it is given it must find a value.',
  values: 'What was measured.',
} as const;

/** @param hasLanguages whether expressions may be objects that name their language; else they are JSONPath texts */
export function valueMembers(hasLanguages: boolean): MemberTable<'valueName' | 'valueExpression' | 'required'> {
  const schema = hasLanguages ? EXPRESSION : ANY_TEXT;
  return {
    valueName: VALUE_NAME,
    valueExpression: { description: 'The value.', schema, isRequired: true },
    required: REQUIRED,
  };
}

/** @param hasFixed whether device id and time are the type's own */
export function templateMembers(hasLanguages: boolean, hasFixed: boolean): Partial<MemberTable<MemberName>> {
  const required = (description: string): Member => ({
    description,
    schema: hasLanguages ? EXPRESSION : TEXT,
    isRequired: true,
  });
  const optional = (description: string): Member => ({
    description,
    schema: orNull(hasLanguages ? EXPRESSION : ANY_TEXT),
  });
  const own = hasFixed ? fixed : required;
  const list = listOf(objectSchema(valueMembers(hasLanguages)));
  return {
    typeName: TYPE_NAME,
    typeMatchExpression: required(WORDS.typeMatchExpression),
    deviceIdExpression: own(WORDS.deviceIdExpression),
    timestampExpression: own(WORDS.timestampExpression),
    patientIdExpression: optional(WORDS.patientIdExpression),
    encounterIdExpression: optional(WORDS.encounterIdExpression),
    correlationIdExpression: optional(WORDS.correlationIdExpression),
    ...(hasLanguages && { defaultExpressionLanguage: DEFAULT_LANGUAGE }),
    values: hasLanguages
      ? { description: WORDS.values, schema: list, isRequired: true }
      : { description: WORDS.values, schema: orNull(list) },
  };
}

const DEFAULT_LANGUAGE: Member = {
  description: 'The language of expressions that are plain texts; JsonPath when absent.',
  schema: oneOf(LANGUAGES, LANGUAGE_NUMBERS),
};

function fixed(words: string): Member {
  return {
    description: `${words} Fixed by this template type: what stands here is ignored.`,
    schema: { deprecated: true },
  };
}
