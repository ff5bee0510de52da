import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'lossless-json';
import { isSameJson } from '../../../core/same-json.ts';

test.each([
  { a: '{"a": 22.40, "b": [1]}', b: '{"b": [1.0], "a": 22.4}', is: true },
  { a: '[1, 2]', b: '[2, 1]', is: false },
  { a: '[1]', b: '[1, 2]', is: false },
  { a: '{"a": 1}', b: '{"a": 1, "b": null}', is: false },
  { a: '{"a": 1}', b: '{"b": 1}', is: false },
  { a: '1', b: '"1"', is: false },
  { a: '[]', b: '{}', is: false },
  { a: 'null', b: '{}', is: false },
])('$a and $b say the same: $is', ({ a, b, is }) => {
  expect(isSameJson(parse(a), parse(b))).toBe(is);
  expect(isSameJson(parse(b), parse(a))).toBe(is);
});

test('everything says the same as its copy, and as nothing else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(isSameJson(a, JSON.parse(JSON.stringify(a)))).toBe(true);
      expect(isSameJson([a], [a, b])).toBe(false);
    }),
  );
});
