import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';

const collection = (...elements: unknown[]) =>
  JSON.stringify({ templateType: 'CollectionContent', template: elements });

const calculated = (members: object) => ({
  templateType: 'CalculatedContent',
  template: {
    typeName: 'pulse',
    typeMatchExpression: '$..[?(@pulse)]',
    deviceIdExpression: '$.Body.id',
    timestampExpression: '$.Body.at',
    values: [],
    ...members,
  },
});

const jsonPath = (members: object) => ({
  templateType: 'JsonPathContent',
  template: {
    typeName: 'pulse',
    typeMatchExpression: '$..[?(@pulse)]',
    deviceIdExpression: '$.id',
    timestampExpression: '$.at',
    values: [],
    ...members,
  },
});

const issuesOf = (text: string) =>
  loadDeviceContent(text).issues.map(({ severity, code, pointer }) => [severity, code, pointer]);

test('a device content file names its types, each once, in order', () => {
  const loaded = loadDeviceContent(
    collection(calculated({ typeName: 'b' }), jsonPath({ typeName: 'a' }), jsonPath({ typeName: 'b' })),
  );
  expect(loaded).toMatchObject({ ok: true, template: { typeNames: ['b', 'a'] }, issues: [] });
});

test('a file may be empty of templates, name its schema, and ignore case', () => {
  const text = '{"$schema":"x","TEMPLATETYPE":"collectioncontenttemplate","Template":[]}';
  expect(loadDeviceContent(text)).toMatchObject({ ok: true, issues: [] });
});

test('every issue is reported at once, in file order, with line and column', () => {
  const text = `{
  "templateType": "CollectionContent",
  "template": [
    { "templateType": "CalculatedContent",
      "template": {
        "typeName": "",
        "typeMatchExpression": "$..[?(@a",
        "deviceIdExpression": { "language": "JmesPath", "value": "nope(a)" },
        "values": [null, { "valueExpression": 5, "unit": "x" }]
      }
    },
    { "templateType": "Surprise", "template": {} }
  ]
}`;
  const loaded = loadDeviceContent(text);
  expect(loaded.ok).toBe(false);
  expect(loaded.issues.map(({ code, pointer, line, column }) => [code, pointer, line, column])).toEqual([
    ['TEMPLATE_MEMBER_MISSING', '/template/0/template', 5, 19],
    ['TEMPLATE_MEMBER_BLANK', '/template/0/template/typeName', 6, 21],
    ['EXPRESSION_SYNTAX', '/template/0/template/typeMatchExpression', 7, 41],
    ['EXPRESSION_SYNTAX', '/template/0/template/deviceIdExpression/value', 8, 67],
    ['TEMPLATE_MEMBER_KIND', '/template/0/template/values/0', 9, 20],
    ['TEMPLATE_MEMBER_MISSING', '/template/0/template/values/1', 9, 26],
    ['TEMPLATE_MEMBER_KIND', '/template/0/template/values/1/valueExpression', 9, 47],
    ['TEMPLATE_MEMBER_UNKNOWN', '/template/0/template/values/1/unit', 9, 58],
    ['TEMPLATE_TYPE_UNKNOWN', '/template/1/templateType', 12, 23],
  ]);
});

describe('a file is rejected for', () => {
  test.each([
    { name: 'no text', text: '', issue: ['TEMPLATE_SYNTAX', ''] },
    { name: 'null', text: 'null', issue: ['TEMPLATE_MEMBER_KIND', ''] },
    {
      name: 'another root type',
      text: '{"templateType":"X","template":[]}',
      issue: ['TEMPLATE_TYPE_UNKNOWN', '/templateType'],
    },
    { name: 'no list', text: '{"templateType":"CollectionContent"}', issue: ['TEMPLATE_MEMBER_KIND', ''] },
    { name: 'an element that is no object', text: collection(null), issue: ['TEMPLATE_MEMBER_KIND', '/template/0'] },
    {
      name: 'calculated content without values',
      text: collection(calculated({ values: null })),
      issue: ['TEMPLATE_MEMBER_MISSING', '/template/0/template/values'],
    },
    {
      name: 'an unknown member',
      text: collection(jsonPath({ note: 1 })),
      issue: ['TEMPLATE_MEMBER_UNKNOWN', '/template/0/template/note'],
    },
    {
      name: 'a language in a JSONPath kind',
      text: collection(jsonPath({ defaultExpressionLanguage: 'JsonPath' })),
      issue: ['TEMPLATE_MEMBER_UNKNOWN', '/template/0/template/defaultExpressionLanguage'],
    },
    {
      name: 'an unknown language',
      text: collection(calculated({ defaultExpressionLanguage: 'XPath' })),
      issue: ['EXPRESSION_LANGUAGE_UNKNOWN', '/template/0/template/defaultExpressionLanguage'],
    },
    {
      name: 'a blank optional expression',
      text: collection(calculated({ patientIdExpression: ' ' })),
      issue: ['TEMPLATE_MEMBER_BLANK', '/template/0/template/patientIdExpression'],
    },
    {
      name: 'an expression object in a JSONPath kind',
      text: collection(jsonPath({ deviceIdExpression: { value: '$.a' } })),
      issue: ['TEMPLATE_MEMBER_KIND', '/template/0/template/deviceIdExpression'],
    },
  ])('$name', ({ text, issue }) => {
    expect(loadDeviceContent(text).ok).toBe(false);
    expect(issuesOf(text)).toEqual([['error', ...issue]]);
  });
});

describe('a file is taken with a warning for', () => {
  test.each([
    {
      name: 'a blank optional expression',
      element: jsonPath({ patientIdExpression: '' }),
      issue: ['TEMPLATE_MEMBER_BLANK', 'patientIdExpression'],
    },
    { name: 'no values', element: jsonPath({ values: null }), issue: ['TEMPLATE_VALUES_MISSING', ''] },
    {
      name: 'a member that is fixed',
      element: { ...jsonPath({ timestampExpression: null }), templateType: 'IotJsonPathContent' },
      issue: ['TEMPLATE_MEMBER_IGNORED', 'deviceIdExpression'],
    },
    {
      name: 'unknown members of an expression',
      element: calculated({ deviceIdExpression: { value: '$.a', note: 1 } }),
      issue: ['TEMPLATE_MEMBER_UNKNOWN', 'deviceIdExpression/note'],
    },
    {
      name: 'a doubtful grouping',
      element: jsonPath({ typeMatchExpression: '$..[?(@a && @b || @c)]' }),
      issue: ['JSONPATH_GROUPING', 'typeMatchExpression'],
    },
    {
      name: 'a recursion that sees the match twice',
      element: calculated({ deviceIdExpression: '$..id' }),
      issue: ['JSONPATH_SEES_MATCH_TWICE', 'deviceIdExpression'],
    },
    {
      name: 'two values of one name',
      element: jsonPath({
        values: [
          { valueName: 'v', valueExpression: '$.a' },
          { valueName: 'V', valueExpression: '$.b' },
          { valueName: 'v', valueExpression: '$.c' },
        ],
      }),
      issue: ['TEMPLATE_VALUE_NAME_REPEATED', 'values/2/valueName'],
    },
    ...[
      'a[*].b',
      'a[?b]',
      'a[0:1]',
      'a[]',
      'a.*',
      'a | b[*]',
      '[a, b]',
      '(a[*])',
      'a[*] || b',
      'keys(a)',
      '`[1]`',
      '{b: a}',
      'a.{b: c}',
      'merge(a, b)',
    ].map((value) => ({
      name: `a list or an object as a value: ${value}`,
      element: calculated({ deviceIdExpression: { value, language: 'JmesPath' } }),
      issue: ['JMESPATH_NO_SINGLE_VALUE', 'deviceIdExpression/value'],
    })),
  ])('$name', ({ element, issue: [code, member] }) => {
    const text = collection(element);
    expect(loadDeviceContent(text).ok).toBe(true);
    expect(issuesOf(text)).toEqual([['warning', code, ['/template/0/template', member].filter(Boolean).join('/')]]);
  });
});

describe('nothing is said of', () => {
  test.each(['a[*].b | [0]', 'a[0].b', 'a.b', 'join(`","`, a[*])', 'length(a[*])', 'a[*] | [0].b', 'not_null(a, b)'])(
    'the JMESPath value %s',
    (value) => {
      const text = collection(calculated({ deviceIdExpression: { value, language: 'JmesPath' } }));
      expect(loadDeviceContent(text)).toMatchObject({ ok: true, issues: [] });
    },
  );

  test.each(['a[*].b', '[a, b]'])('the JMESPath type match %s', (value) => {
    const text = collection(calculated({ typeMatchExpression: { value, language: 'JmesPath' } }));
    expect(loadDeviceContent(text)).toMatchObject({ ok: true, issues: [] });
  });
});

test('what the original takes of any object and makes nothing of is a warning', () => {
  const value = { valueName: 'v', valueExpression: '$.a', linePosition: 5 };
  const text = collection(calculated({ lineNumber: 1, LINEINFOFORPROPERTIES: {}, values: [value] }));
  expect(loadDeviceContent(text).ok).toBe(true);
  expect(issuesOf(text).map(([severity, code]) => [severity, code])).toEqual(
    Array.from({ length: 3 }, () => ['warning', 'TEMPLATE_MEMBER_IGNORED']),
  );
});

describe('an expression that cannot be read, or is doubtful, is reported at the character', () => {
  // The column of ‸ in the file, which is not part of it.
  test.each([
    { name: 'plain', literal: '"$.a[‸b]"' },
    { name: 'behind escapes', literal: String.raw`"$.a['\u0062\n\\\\'][‸b]"` },
    { name: 'behind escaped quotes', literal: String.raw`"$..[?(@a == \"x\" ‸and @b)]"` },
    { name: 'in single quotes', literal: String.raw`'$.a[\'b\'].‸'` },
    { name: 'in JMESPath', literal: '{"language": "JmesPath", "value": "a || add(b, ‸length())"}' },
    { name: 'a misplaced &', literal: '{"language": "JmesPath", "value": "a || length(‸&b)"}' },
    { name: 'a doubtful grouping', literal: '"$.a[?(@b ‸&& @c || @d)]"', code: 'JSONPATH_GROUPING' },
    { name: 'a recursion without effect', literal: '"$.a‸..[0]"', code: 'JSONPATH_RECURSION_IGNORED' },
    { name: 'a recursion that sees the match twice', literal: '" $‸..a"', code: 'JSONPATH_SEES_MATCH_TWICE' },
  ])('$name', ({ literal, code = 'EXPRESSION_SYNTAX' }) => {
    const [before = '', after = ''] = collection(calculated({ deviceIdExpression: 'HERE' })).split('"HERE"');
    const [head = '', tail = ''] = literal.split('‸');
    const { issues } = loadDeviceContent(`${before}
${head}${tail}${after}`);
    expect(issues).toMatchObject([{ code, line: 2, column: head.length + 1 }]);
  });
});

describe('the body member', () => {
  const withBody = (body: unknown) => JSON.stringify({ templateType: 'CollectionContent', body, template: [] });

  test.each([
    { body: undefined, bodyReader: 'strict' },
    { body: 'strict', bodyReader: 'strict' },
    { body: 'Lenient', bodyReader: 'lenient' },
  ])('$body reads bodies $bodyReader', ({ body, bodyReader }) => {
    expect(loadDeviceContent(withBody(body))).toMatchObject({ ok: true, template: { bodyReader } });
  });

  test.each([null, true, 'json'])('%s rejects the file', (body) => {
    expect(issuesOf(withBody(body))).toEqual([['error', 'TEMPLATE_MEMBER_INVALID', '/body']]);
  });
});

test('no text makes the loader throw', () => {
  const scraps = fc.constantFrom(
    '$',
    '.',
    '..',
    '[',
    ']',
    '(',
    ')',
    '?',
    '@',
    "'",
    '`',
    '*',
    '&&',
    '||',
    '!',
    '==',
    '=~',
    '/',
    '1',
    'a',
    ' ',
    ',',
    ':',
    '{',
    '}',
    '&',
    '|',
    '-',
  );
  const expression = fc.oneof(
    fc.string(),
    fc.array(scraps, { maxLength: 20 }).map((parts) => parts.join('')),
  );
  const element = fc
    .tuple(expression, expression, fc.constantFrom('JsonPath', 'JmesPath'))
    .map(([one, other, language]) =>
      calculated({ typeMatchExpression: one, deviceIdExpression: other, defaultExpressionLanguage: language }),
    );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    element.map((one) => collection(one)),
  );
  fc.assert(
    fc.property(text, (file) => {
      expect(typeof loadDeviceContent(file).ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});
