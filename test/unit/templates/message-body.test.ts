import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';

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

  test('is what JSON.parse reads, long integers apart', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const rounded = JSON.stringify(parse(text), (_key, value: unknown) =>
          typeof value === 'bigint' ? Number(value) : value,
        );
        expect(rounded).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});
