import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'lossless-json';
import { parseLossless } from '../../../core/lossless-json.ts';

test.each(['22.40', '-0.0', '1E-05', '123456789012345678901234567890', '0.1000000000000000055511151231257827'])(
  'the number %s keeps its digits',
  (digits) => {
    expect(stringify(parseLossless(`{"value":${digits},"list":[${digits}]}`))).toBe(
      `{"value":${digits},"list":[${digits}]}`,
    );
  },
);

test('reads what the library reads, and alike', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(parseLossless(json)).toEqual(parse(json));
    }),
  );
});

test('of members named alike the last holds', () => {
  expect(stringify(parseLossless('{"a":1.0,"a":2.0}'))).toBe('{"a":2.0}');
});

test.each(['', '{', '01', '[1,]', '{"a":1}x', 'NaN'])('%j is no JSON', (text) => {
  expect(() => parseLossless(text)).toThrow(SyntaxError);
});
