import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/device-message.ts';

const NAMES = ['id', 'at', 'pulse', 'unit', 'list', 'two words', 'matchedToken', '__proto__', 'constructor', '7'];
const TIMES = [
  '2024-05-06T07:08:09.1Z',
  '2024-05-06T07:08:09.100+02:00',
  '2024-02-30T00:00:00Z',
  '07:30',
  '6 May 2024',
];
const TEXTS = ['', ' ', 'a', '70', '70.5', 'left', '\u2028'];
const NUMBERS = [0, -0, 1, 70, 70.5, 1e-5, 1e300, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 64n)];

const name = fc.constantFrom(...NAMES);

/** Texts made of fixed parts with arbitrary ones between them. */
const made = (parts: TemplateStringsArray, ...between: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...between).map((texts) => String.raw({ raw: parts }, ...texts));

/** A value of any kind, with names and texts that the expressions below ask for. */
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, ...NUMBERS, ...TEXTS, ...TIMES),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map((members): JsonObject => Object.fromEntries(members)),
  ),
}));

const reading = fc.record(
  {
    id: fc.constantFrom<JsonValue>('d', 7, null),
    at: fc.constantFrom<JsonValue>(...TIMES),
    pulse: value,
    list: fc.array(value, { maxLength: 3 }),
  },
  { requiredKeys: ['id', 'at'] },
);

/** The message of an event; its body is anything, or nearly a reading. */
export const message: fc.Arbitrary<JsonObject> = fc.record({
  Body: fc.oneof(value, reading, fc.array(reading, { maxLength: 3 })),
  Properties: fc.constantFrom({}, { 'iothub-creation-time-utc': '2024-05-06' }, { pulse: 1 }),
  SystemProperties: fc.constantFrom({}, { 'iothub-connection-device-id': 'd', 'iothub-enqueuedtime': '2024-05-06' }),
});

const plainName = name.filter((one) => !one.includes(' '));
const quoted = name.map((one) => `'${one}'`);
const literal = fc.constantFrom("'left'", "'70'", '"a"', '70', '70.5', '9007199254740993', 'true', 'null', '-1');
const operator = fc.constantFrom('==', '!=', '<>', '===', '!==', '<', '<=', '>', '>=');

/** JSONPaths of the whole dialect, without a root. */
const paths = fc.letrec<{ steps: string; step: string; filter: string; test: string; path: string }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 3 }).map((steps) => steps.join('')),
  step: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    made`.${plainName}`,
    made`[${quoted}]`,
    made`[${quoted},${quoted}]`,
    made`..${plainName}`,
    fc.constantFrom('.*', '..*', '[*]', '[0]', '[-1]', '[1,0]', '[1:]', '[::-1]', '[-2:1]'),
    made`[?(${tie('filter')})]`,
    made`..[?(${tie('filter')})]`,
  ),
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('test'),
    made`${tie('test')} && ${tie('filter')}`,
    made`${tie('test')} || ${tie('filter')}`,
    made`!(${tie('filter')})`,
    made`(${tie('filter')})`,
  ),
  test: fc.oneof(
    tie('path'),
    made`${tie('path')} ${operator} ${literal}`,
    made`${tie('path')} ${operator} ${tie('path')}`,
    made`${tie('path')} =~ /^[a-l7]/i`,
  ),
  path: fc.oneof(made`@${plainName}`, made`@${tie('steps')}`, made`$.Body${tie('steps')}`),
}));

export const jsonPath = fc.oneof(made`$${paths.steps}`, made`$.Body${paths.steps}`, made`$..[?(${paths.filter})]`);

const identifier = name.map((one) => (/^[A-Za-z]+$/.test(one) ? one : JSON.stringify(one)));
const UNARY =
  'abs avg ceil floor keys length max min reverse sort sum to_array to_number to_string type values fromUnixTimestamp';
const BINARY = 'add subtract multiply divide pow contains starts_with ends_with join merge not_null';

/** JMESPaths of the whole dialect. */
const expressions = fc.letrec<{ any: string; atom: string; member: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('atom'),
    made`${tie('any')}.${tie('member')}`,
    made`${tie('any')} | ${tie('any')}`,
    made`${tie('any')} || ${tie('any')}`,
    made`${tie('any')} && ${tie('any')}`,
    made`!${tie('any')}`,
    made`(${tie('any')})`,
    made`${tie('any')} ${fc.constantFrom('==', '!=', '<', '<=', '>', '>=')} ${tie('any')}`,
    made`${tie('any')}${fc.constantFrom('[*]', '[]', '[0]', '[-1]', '[1:]', '[::-1]', '.*')}`,
    made`${tie('any')}[?${tie('any')}]`,
    made`${tie('any')}[*].${tie('member')}`,
  ),
  atom: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('@', 'Body', "'left'", '`70.5`', '`9007199254740993`', '`{"a": [1]}`', '`null`'),
    tie('member'),
  ),
  member: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    identifier,
    made`[${tie('any')}, ${tie('any')}]`,
    made`{${identifier}: ${tie('any')}, b: ${tie('any')}}`,
    made`${fc.constantFrom(...UNARY.split(' '))}(${tie('any')})`,
    made`${fc.constantFrom(...BINARY.split(' '))}(${tie('any')}, ${tie('any')})`,
    made`map(&${tie('any')}, @)`,
    made`${fc.constantFrom('sort_by', 'max_by')}(@, &${tie('any')})`,
  ),
}));

export const jmesPath = expressions.any;

const inMatch = fc.constantFrom('id', 'at', 'pulse', 'list[0]', 'unit').map((path) => `$.matchedToken.${path}`);
const expression = fc.oneof(
  inMatch,
  jsonPath,
  jmesPath.map((text) => ({ value: text, language: 'JmesPath' })),
);
/** Nearly always a text that will do. */
const mostly = (member: string, otherwise: string) => {
  const usual = { value: `matchedToken.${member} || Body.${member} || '${otherwise}'`, language: 'JmesPath' };
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: expression });
};

const rarely = fc.nat(9).map((chance) => chance === 0);
const CalculatedContent = fc.record(
  {
    typeName: fc.constantFrom('a', 'b'),
    typeMatchExpression: fc.oneof(fc.constantFrom('$..[?(@pulse)]', '$.Body', '$.Body.list[*]'), expression),
    deviceIdExpression: mostly('id', 'd'),
    timestampExpression: mostly('at', '2024-05-06'),
    correlationIdExpression: mostly('id', 'c'),
    patientIdExpression: expression,
    encounterIdExpression: expression,
    values: fc.array(
      fc.record({ valueName: fc.constantFrom('v', 'w'), valueExpression: expression, required: rarely }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['typeName', 'typeMatchExpression', 'deviceIdExpression', 'timestampExpression', 'values'] },
);

const matchPath = fc.constantFrom('$.id', '$.at', '$.pulse', '$..at', '$.list[0]');
const JsonPathContent = fc.record({
  typeName: fc.constantFrom('a', 'b'),
  typeMatchExpression: jsonPath,
  deviceIdExpression: matchPath,
  timestampExpression: matchPath,
  values: fc.array(fc.record({ valueName: fc.constant('v'), valueExpression: matchPath }), { maxLength: 2 }),
});
const IotJsonPathContent = fc.record({
  typeName: fc.constant('iot'),
  typeMatchExpression: fc.constantFrom('$', '$..[?(@Body)]'),
  values: fc.array(fc.record({ valueName: fc.constant('v'), valueExpression: jsonPath }), { maxLength: 2 }),
});

const template = fc.oneof(
  { weight: 3, arbitrary: CalculatedContent.map((inner) => ({ templateType: 'CalculatedContent', template: inner })) },
  { weight: 1, arbitrary: JsonPathContent.map((inner) => ({ templateType: 'JsonPathContent', template: inner })) },
  {
    weight: 1,
    arbitrary: IotJsonPathContent.map((inner) => ({ templateType: 'IotJsonPathContent', template: inner })),
  },
);

/** Device content files; those whose expressions do not parse are refused when they are loaded. */
export const contentFile = fc
  .array(template, { minLength: 1, maxLength: 4 })
  .map((templates) => JSON.stringify({ templateType: 'CollectionContent', template: templates }));

const Steady = fc.record({
  typeName: fc.constant('steady'),
  typeMatchExpression: fc.constantFrom('$..[?(@pulse)]', '$..[?(@id || @at)]', '$.Body', '$.Body[*]', '$..id', '$..*'),
  deviceIdExpression: fc.constantFrom('type(matchedToken)', "to_string(not_null(matchedToken.id, 'd'))", "'d'"),
  timestampExpression: fc.constantFrom("'2024-05-06'", "'07:30'", 'fromUnixTimestamp(length(to_string(@)))'),
  defaultExpressionLanguage: fc.constant('JmesPath'),
  values: fc.constant(
    ['$.matchedToken', '$.matchedToken.pulse', '$.matchedToken.at', '$.matchedToken.list[0]', '$.Body.id'].map(
      (value, index) => ({ valueName: `v${index}`, valueExpression: { value, language: 'JsonPath' } }),
    ),
  ),
});

/** Device content files that measure something in nearly every message. */
export const steadyContentFile = Steady.map(({ typeMatchExpression: value, ...inner }) =>
  JSON.stringify({
    templateType: 'CollectionContent',
    template: [
      {
        templateType: 'CalculatedContent',
        template: { ...inner, typeMatchExpression: { value, language: 'JsonPath' } },
      },
    ],
  }),
);
