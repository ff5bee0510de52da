import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { numberText } from '../../../templates/expression/text-conversion.ts';

test.each([
  [0, '0'],
  [-0, '0'],
  [5, '5'],
  [-19, '-19'],
  [1.5, '1.5'],
  [0.0001, '0.0001'],
  [0.00001, '1E-05'],
  [-0.000025, '-2.5E-05'],
  [123456789012345680, '1.2345678901234568E+17'],
  [12345678901234568, '12345678901234568'],
  [1e16, '10000000000000000'],
  [1e17, '1E+17'],
  [1.5e300, '1.5E+300'],
  [5e-324, '5E-324'],
  [9007199254740993n, '9007199254740993'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('the number %d as text is %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

test('every number reads back the same', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(numberText(value))).toBe(value === 0 ? 0 : value);
    }),
  );
});

test('a number that is no integer is written plainly from 1E-04 on, up to sixteen digits before the point', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e20, max: 1e20, noNaN: true }), (value) => {
      fc.pre(!Number.isSafeInteger(value));
      const exponent = Number(value.toExponential().split('e')[1]);
      expect(numberText(value).includes('E')).toBe(exponent < -4 || exponent > 16);
    }),
    { numRuns: 5000 },
  );
});
