import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import { Budget } from '../../../templates/expression/budget.ts';
import { compileExpression } from '../../../templates/expression/expression.ts';
import { ExpressionSyntaxError } from '../../../templates/expression/expression-syntax-error.ts';
import { Run } from '../../../templates/expression/run.ts';

const valueOf = (expression: string, document: JsonValue = {}) =>
  compileExpression(expression, 'JmesPath').value(document, new Budget());

const matchesOf = (expression: string, document: JsonValue) =>
  compileExpression(expression, 'JmesPath').matches(new Run(document, new Budget()));

const farm = {
  name: 'Hill',
  'two words': 1,
  none: null,
  flag: false,
  hens: [
    { id: 2, eggs: 5 },
    { id: 1, eggs: null },
    { id: 3, dead: true },
  ],
  nested: [[1, [2]], [3]],
  barn: { a: { n: 1 }, b: { n: 2 } },
};

describe('a JMESPath expression yields', () => {
  test.each<{ expression: string; value: JsonValue | undefined }>([
    { expression: 'name', value: 'Hill' },
    { expression: '"two words"', value: 1 },
    { expression: '@.barn.a.n', value: 1 },
    { expression: 'gone.deeper', value: undefined },
    { expression: 'none', value: null },
    { expression: 'hens[0].id', value: 2 },
    { expression: 'hens[-1].id', value: 3 },
    { expression: 'hens[*].id | [0]', value: 2 },
    { expression: 'hens[::-1].id | [0]', value: 3 },
    { expression: 'hens[1:2].id | [0]', value: 1 },
    { expression: 'hens[?dead].id | [0]', value: 3 },
    { expression: 'hens[?id > `1`] | length(@)', value: 2 },
    { expression: 'hens[].eggs | @', value: [5, null] },
    { expression: 'nested[] | @', value: [1, [2], 3] },
    { expression: 'nested[][] | @', value: [1, 2, 3] },
    { expression: 'barn.*.n | @', value: [1, 2] },
    { expression: '(hens[*]).id', value: undefined },
    { expression: '[name, gone]', value: ['Hill', null] },
    { expression: '{n: name, "g h": gone}', value: { n: 'Hill', 'g h': null } },
    { expression: 'gone || name', value: 'Hill' },
    { expression: 'name && flag', value: false },
    { expression: '!gone', value: true },
    { expression: '!barn.a', value: false },
    { expression: '(!barn).a', value: undefined },
    { expression: '!name == `false`', value: true },
    { expression: "'it\\'s'", value: "it's" },
    { expression: '`9007199254740993`', value: 9007199254740993n },
    { expression: '`{"a": "\\`"}`', value: { a: '`' } },
    { expression: '`1` == `1.0`', value: true },
    { expression: 'add(`0.1`, `0.2`) == `0.3`', value: true },
    { expression: '`9007199254740993` == `9007199254740992`', value: false },
    { expression: 'a[0:0]', value: undefined },
    { expression: 'map(&(id), hens) | [0]', value: 2 },
    { expression: "gone < 'x'", value: true },
    { expression: "'b' > 'a'", value: true },
    { expression: "`1` < 'a'", value: undefined },
    { expression: "contains('abc', 'b')", value: true },
    { expression: 'contains(nested[1], `3`)', value: true },
    { expression: 'sort_by(hens, &id)[0].id', value: 1 },
    { expression: 'max_by(hens, &id).id', value: 3 },
    { expression: 'map(&eggs, hens) | [2]', value: null },
    { expression: 'sum(hens[*].id)', value: 6 },
    { expression: 'avg(hens[*].id)', value: 2 },
    { expression: 'max(`[]`)', value: undefined },
    { expression: 'join(\'-\', sort(`["b", "a"]`))', value: 'a-b' },
    { expression: 'not_null(none, name)', value: 'Hill' },
    { expression: 'merge(barn.a, `{"m": 1}`).m', value: 1 },
    { expression: 'reverse(name)', value: 'lliH' },
    { expression: 'keys(barn) | [1]', value: 'b' },
    { expression: 'values(barn) | [1].n', value: 2 },
    { expression: 'type(hens)', value: 'array' },
    { expression: 'type(gone)', value: 'null' },
    { expression: 'to_array(name)', value: ['Hill'] },
    { expression: 'to_string(hens[0])', value: '{"id":2,"eggs":5}' },
    { expression: "to_number(' -42 ')", value: -42 },
    { expression: "to_number('9007199254740993')", value: 9007199254740993n },
    { expression: "to_number('1,000')", value: undefined },
    { expression: 'ceil(`1.2`)', value: 2 },
  ])('$expression', ({ expression, value }) => {
    expect(valueOf(expression, farm)).toEqual(value);
  });

  test.each([
    ['add(`1`, `2`)', 3],
    ['add(`9007199254740993`, `1`)', 9007199254740994n],
    ['subtract(`0.3`, `0.1`)', 0.3 - 0.1],
    ['multiply(`3037000499`, `3037000499`)', 9223372030926249001n],
    ['divide(`40`, `50`)', 0.8],
    ['divide(`9007199254740994`, `2`)', 4503599627370497],
    ['pow(`2`, `62`)', 4611686018427387904n],
    ['pow(`2`, `-1`)', 0.5],
    ['pow(`-1`, `9223372036854775807`)', -1],
    ['pow(`9`, `0.5`)', 3],
    ["insertString('ad', 'bc', `1`)", 'abcd'],
    ["insertString('', 'x', `0`)", 'x'],
    ['fromUnixTimestamp(`0`)', '1970-01-01T00:00:00Z'],
    ['fromUnixTimestamp(`1625677200.123`)', '2021-07-07T17:00:00.123Z'],
    ['fromUnixTimestamp(`-0.5`)', '1969-12-31T23:59:59.5Z'],
    ['fromUnixTimestampMs(`253402300799999`)', '9999-12-31T23:59:59.999Z'],
  ])('%s', (expression, value) => {
    expect(valueOf(expression)).toEqual(value);
  });
});

describe('a JMESPath expression fails, naming the function but no value', () => {
  test.each([
    "add('1', `2`)",
    'add(gone, `2`)',
    'add(`9223372036854775807`, `1`)',
    'add(`18446744073709551615`, `1`)',
    'subtract(`-9223372036854775808`, `1`)',
    'divide(`1`, `0`)',
    'divide(`1.5`, `0.0`)',
    'pow(`2`, `63`)',
    'pow(`0`, `-1`)',
    'multiply(`1e308`, `10`)',
    "insertString('secret', 'x', `7`)",
    "insertString('secret', 'x', `-1`)",
    "insertString('secret', 'x', `0.5`)",
    'fromUnixTimestamp(`253402300800`)',
    "fromUnixTimestamp('1')",
    "ceil('secret')",
    'sort(`[1, "secret"]`)',
    'join(`1`, `["secret"]`)',
    'length(`1`)',
  ])('%s', (expression) => {
    const evaluate = () => valueOf(expression);
    expect(evaluate).toThrow(IngestError);
    expect(evaluate).not.toThrow(/secret/);
  });
});

describe('a JMESPath expression is refused when it is compiled', () => {
  test.each([
    '$.a',
    '$',
    'a.',
    'a[',
    'a b',
    '[a b]',
    'f(a',
    "'open",
    '`open',
    '`foo`',
    '`01`',
    '"open',
    'a + b',
    'a - b',
    'a * b',
    'a / b',
    '-a',
    'a ? b : c',
    'let $x = a in $x',
    'a = b',
    'zip(a, b)',
    'Length(a)',
    'length()',
    'length(a, b)',
    'length(a,)',
    'sort_by(a, b)',
    'length(&a)',
    '&a',
    'a[::0]',
    'a[1-2]',
    'a[99999999999]',
    '[]x',
    'a.[ ]',
    '()',
    '(a, b)',
    'join(a b)',
    "join('x' (b))",
    'iomt_group(a)',
    `${'('.repeat(5000)}a${')'.repeat(5000)}`,
    Array.from({ length: 3000 }, () => 'a').join('.'),
    '',
  ])('%s', (expression) => {
    expect(() => compileExpression(expression, 'JmesPath')).toThrow(ExpressionSyntaxError);
  });
});

describe('what is wrong with a JMESPath expression is said with its place', () => {
  test.each([
    { expression: 'a.b.', offset: 4 },
    { expression: 'a b', offset: 2 },
    { expression: 'a..b', offset: 2 },
    { expression: 'a)', offset: 1 },
    { expression: '{a: b, c}', offset: 8 },
    { expression: 'foo[?bar == `1` && baz', offset: 22 },
    { expression: 'a == `foo`', offset: 5 },
    { expression: 'a # b', offset: 2 },
    { expression: 'a || Length(b)', offset: 5 },
    { expression: 'add(a, add(b))', offset: 7 },
    { expression: "join(',', [a, b], c)", offset: 0 },
    { expression: 'not_null(a[?b], {c: d, e: f}, add(a))', offset: 30 },
    { expression: '&a', offset: 0 },
    { expression: 'a | [b, &c]', offset: 8 },
    { expression: 'sort_by(a, b)', offset: 11 },
    { expression: 'sort_by(a, (&b))', offset: 11 },
    { expression: 'map(&a, &b)', offset: 8 },
    { expression: 'map(&(&a), b)', offset: 6 },
    { expression: 'a || length(&b)', offset: 12 },
    { expression: 'a || ()', offset: 6 },
    { expression: 'a || (b, c)', offset: 9 },
    { expression: 'a.(b)', offset: 2 },
    { expression: 'a[1:2: 0]', offset: 7 },
    { expression: 'a[::0]', offset: 4 },
    { expression: `a || \`${'['.repeat(65)}${']'.repeat(65)}\``, offset: 5 },
  ])('$expression', ({ expression, offset }) => {
    expect(() => compileExpression(expression, 'JmesPath')).toThrow(expect.objectContaining({ offset }));
  });

  test('whatever the expression, the place is inside it or at its end', () => {
    const scraps = fc.array(
      fc.constantFrom('a', '.', '[', ']', '(', ')', '?', '*', '`1`', "'x'", ',', '&', '||', ' ', '{', ':', '}', 'add'),
    );
    fc.assert(
      fc.property(scraps, (parts) => {
        const text = parts.join('');
        const place = offsetOfFailure(text);
        if (place !== undefined) expect(place >= 0 && place <= text.length).toBe(true);
      }),
    );
  });

  function offsetOfFailure(text: string): number | undefined {
    try {
      compileExpression(text, 'JmesPath');
      return undefined;
    } catch (error) {
      return (error as ExpressionSyntaxError).offset;
    }
  }
});

test('a tree too deep for the parser is refused, whatever the size of its stack', () => {
  for (const expression of ['('.repeat(9999), '['.repeat(9999), '!'.repeat(9999)]) {
    expect(() => compileExpression(expression, 'JmesPath')).toThrow('Expected at most 500 nested operators');
  }
});

describe('a JMESPath type match', () => {
  test.each<{ expression: string; matches: JsonValue[] }>([
    { expression: 'hens[*].id', matches: [2, 1, 3] },
    { expression: 'hens', matches: [farm.hens] },
    { expression: '(hens[*])', matches: [farm.hens] },
    { expression: 'hens[*] | @', matches: [farm.hens] },
    { expression: 'gone || hens[?dead]', matches: [farm.hens[2]!] },
    { expression: 'name && hens[?dead]', matches: [farm.hens[2]!] },
    { expression: 'barn.*', matches: [{ n: 1 }, { n: 2 }] },
    { expression: 'hens[].eggs', matches: [5, null] },
    { expression: "name == 'Hill'", matches: [true] },
    { expression: "name == 'x'", matches: [] },
    { expression: 'gone', matches: [] },
    { expression: 'none', matches: [] },
    { expression: '`[]`', matches: [[]] },
  ])('$expression', ({ expression, matches }) => {
    expect(matchesOf(expression, farm)).toEqual(matches);
  });
});

test('a projection of several elements is no single value', () => {
  expect(() => valueOf('hens[*].id', farm)).toThrow(expect.objectContaining({ code: 'EXPRESSION_MANY_VALUES' }));
  expect(valueOf('hens[?dead].id', farm)).toEqual([3]);
});
