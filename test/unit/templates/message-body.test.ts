import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IngestError } from '../../../core/errors.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';
import { orderedValues } from '../../../templates/ordered-members.ts';
import { ORIGINAL_JSON } from '../../../templates/json-dialect.ts';
import { RelaxedJsonReader } from '../../../templates/relaxed-json-reader.ts';

const parse = (text: string) => parseMessageBody(new TextEncoder().encode(text));
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('the body of a message', () => {
  test.each([
    { name: 'nothing is null', text: '', value: null },
    { name: 'any kind of value', text: ' "x" ', value: 'x' },
    { name: 'a byte order mark is skipped', text: '\uFEFF{"a":1}', value: { a: 1 } },
    { name: 'of members named alike the last holds', text: '{"a":1,"a":2}', value: { a: 2 } },
    {
      name: 'long integers are exact',
      text: '[9007199254740993,-9223372036854775808]',
      value: [9007199254740993n, -(2n ** 63n)],
    },
    {
      name: 'a number that is safe stays a number',
      text: '[9007199254740991,0.1234567890123456]',
      value: [9007199254740991, 0.1234567890123456],
    },
    { name: 'an exponent makes a double', text: '[1000000000000000000e0]', value: [1e18] },
    {
      name: 'digits inside texts are left alone',
      text: '{"1234567890123456789":"1234567890123456789"}',
      value: { '1234567890123456789': '1234567890123456789' },
    },
  ])('$name', ({ text, value }) => {
    expect(parse(text)).toEqual(value);
  });

  test.each(['   ', '{"a":', '{"a":1} x', "{'a':1}", '{a:1}', '[1,]', '[NaN]', '[01]', '// x', '\uFEFF'])(
    'is not JSON: %s',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
    },
  );

  test('must be UTF-8: replacement characters could make two ids one', () => {
    const latin1 = Uint8Array.from([0x22, 0xe4, 0x22]);
    expect(() => parseMessageBody(latin1)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  test('may be nested 64 levels deep, and no deeper', () => {
    expect(parse(nested(64))).toBeDefined();
    expect(() => parse(nested(65))).toThrow(expect.objectContaining({ code: 'BODY_TOO_DEEP' }));
    expect(() => parse(nested(500_000))).toThrow(expect.objectContaining({ code: 'BODY_TOO_DEEP' }));
    expect(() => parse(`[1234567890123456789,${nested(100_000)}]`)).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_DEEP' }),
    );
  });

  test('never appears in an error', () => {
    expect(() => parse('{"patient": "secret"')).not.toThrow(/secret/);
  });

  test('is what JSON.parse reads, long integers and the order of members apart', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const rounded = JSON.stringify(parse(text), (_key, value: unknown) =>
          typeof value === 'bigint' ? Number(value) : value,
        );
        expect(JSON.parse(rounded)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
      }),
    );
  });

  test('keeps the order of its members, whole numbers included', () => {
    const name = fc.oneof(fc.nat(20).map(String), fc.constantFrom('a', 'b', '__proto__', '4294967295'));
    const members = fc.array(fc.tuple(name, fc.nat(9)));
    fc.assert(
      fc.property(members, (entries) => {
        const text = entries.map(([key, value]) => `"${key}":${value}`).join();
        const { inner } = parse(`{"inner":{${text}}}`) as { inner: object };
        expect(Object.keys(inner)).toEqual([...new Set(entries.map(([key]) => key))]);
        expect(new Map(Object.entries(inner))).toEqual(new Map(entries));
      }),
    );
  });
});

describe('a lenient body is what the original takes:', () => {
  const lenient = (text: string) => parseMessageBody(new TextEncoder().encode(text), 'lenient');

  test.each([
    { name: 'nothing', text: '', value: null },
    { name: 'JSON', text: '{"a":[1,true,null]}', value: { a: [1, true, null] } },
    { name: 'comments', text: '/* one */ {"a": 1 // two\n}', value: { a: 1 } },
    { name: 'trailing commas', text: '{"a":[1,2,],}', value: { a: [1, 2] } },
    { name: 'single quotes', text: `{'a':'say "hi"'}`, value: { a: 'say "hi"' } },
    { name: 'names without quotes', text: '{a:1,$b_2:2,3:3,größe:4}', value: { a: 1, $b_2: 2, '3': 3, größe: 4 } },
    { name: 'hexadecimal numbers', text: '[0x1F,0XFFFFFFFFFFFFFFFF]', value: [31, -1] },
    { name: 'octal numbers', text: '[010,00,-010]', value: [8, 0, -10] },
    { name: 'bare points', text: '[.5,-.5,5.]', value: [0.5, -0.5, 5] },
    { name: 'no finite numbers', text: '[NaN,Infinity,-Infinity]', value: [NaN, Infinity, -Infinity] },
    { name: 'lines that go on', text: "{'a':'b\nc'}", value: { a: 'b\nc' } },
    { name: 'junk after the value', text: '{"a":1} junk', value: { a: 1 } },
    { name: 'a second document', text: '{"a":1}{"a":2}', value: { a: 1 } },
    { name: 'the last of members named alike', text: "{'a':1,a:2}", value: { a: 2 } },
    { name: 'long integers, exact', text: '[9007199254740993,]', value: [9007199254740993n] },
  ])('$name', ({ text, value }) => {
    expect(lenient(text)).toEqual(value);
  });

  test('U+FFFD for bytes that are no UTF-8', () => {
    expect(parseMessageBody(Uint8Array.from([0x22, 0xe4, 0x22]), 'lenient')).toBe('\uFFFD');
  });

  test.each([
    '  ',
    '// x',
    '{a',
    '{a 1}',
    '[08]',
    '[0x]',
    '[+1]',
    '[1e]',
    '[truex]',
    '[-]',
    '{-:1}',
    'undefined',
    "['\\x']",
  ])('but not %s', (text) => {
    expect(() => lenient(text)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  test('but not a million digits with a letter behind them, which takes no time to see', () => {
    expect(() => lenient(`-${'1'.repeat(1_000_000)}a`)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  test('at most 64 levels', () => {
    expect(lenient(`${nested(64)} junk`)).toBeDefined();
    expect(() => lenient(`${nested(65)} junk`)).toThrow(expect.objectContaining({ code: 'BODY_TOO_DEEP' }));
  });

  test('whatever a strict body may be, and the same value', () => {
    const original = (text: string) => new RelaxedJsonReader(text, ORIGINAL_JSON, orderedValues).read();
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(lenient(text)).toEqual(parse(text));
        expect(original(text)).toEqual(parse(text));
      }),
    );
  });

  test('and whatever else it is, it is read or refused', () => {
    const scraps = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', "'", ':', ',', '\\', '//', '/*', '*/', '0x', '-', 'a', 'NaN'),
    );
    fc.assert(
      fc.property(
        scraps.map((parts) => parts.join('')),
        (text) => {
          try {
            lenient(text);
          } catch (error) {
            expect(error).toBeInstanceOf(IngestError);
          }
        },
      ),
    );
  });
});
