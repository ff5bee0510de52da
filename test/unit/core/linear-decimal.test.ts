import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isFhirDecimal } from '../../../core/decimal.ts';
import { linearDecimal } from '../../../core/linear-decimal.ts';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(25), fc.integer({ min: -30, max: 30 }))
  .map(([coefficient, places, exponent]) => decimalText(coefficient, places, exponent));

test.each([
  { origin: '0', factor: '1', token: '22.40', value: '22.40' },
  { origin: '0.00', factor: '1.0', token: '1E-05', value: '1E-05' },
  { origin: '2048', factor: '1', token: '-3', value: '2045' },
  { origin: '0', factor: '0.005', token: '200', value: '1.000' },
  { origin: '0', factor: '0.1', token: '3', value: '0.3' },
  { origin: '0.1', factor: '1', token: '0.2', value: '0.3' },
  { origin: '-1', factor: '0.5', token: '1', value: '-0.5' },
  { origin: '1', factor: '1E+2', token: '3e2', value: '30001' },
  { origin: '0', factor: '-2', token: '-0', value: '0' },
])('$origin + $factor × $token is $value', ({ origin, factor, token, value }) => {
  expect(linearDecimal(origin, factor)(token)).toBe(value);
});

test('no digit is lost, whatever the numbers', () => {
  fc.assert(
    fc.property(decimals, decimals, decimals, (origin, factor, token) => {
      const value = linearDecimal(origin, factor)(token);
      expect(isFhirDecimal(value)).toBe(true);
      expect(scaled(value, 200)).toBe(scaled(origin, 200) + scaled(factor, 100) * scaled(token, 100));
    }),
  );
});

/** A decimal times a power of ten that makes a whole number of it. */
function scaled(text: string, places: number): bigint {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(places + Number(exponent) - fraction.length);
}

function decimalText(coefficient: bigint, places: number, exponent: number): string {
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(places + 1, '0');
  const split = digits.length - places;
  const point = places === 0 ? '' : `.${digits.slice(split)}`;
  return `${coefficient < 0n ? '-' : ''}${digits.slice(0, split)}${point}${exponent === 0 ? '' : `e${exponent}`}`;
}
