import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LosslessNumber, stringify } from 'lossless-json';
import {
  compareDecimals,
  decimalFraction,
  decimalTextOf,
  fhirDecimal,
  isFhirDecimal,
  isSameDecimal,
  readDecimal,
  wholeNumber,
} from '../../../core/decimal.ts';

describe('reading a measured decimal', () => {
  test.each([
    { text: '22.40', decimal: '22.40' },
    { text: ' 98.6\t', decimal: '98.6' },
    { text: '+5', decimal: '5' },
    { text: '5-', decimal: '-5' },
    { text: '5 - ', decimal: '-5' },
    { text: '-0.25', decimal: '-0.25' },
    { text: '.5', decimal: '0.5' },
    { text: '5.', decimal: '5' },
    { text: '007', decimal: '7' },
    { text: '000', decimal: '0' },
    { text: '1,022.40', decimal: '1022.40' },
    { text: '1,0,', decimal: '10' },
    { text: '1E-05', decimal: '1E-05' },
    { text: '.5e3', decimal: '0.5e3' },
    { text: '12345678901234567890.123456789', decimal: '12345678901234567890.123456789' },
  ])('takes "$text" as $decimal', ({ text, decimal }) => {
    expect(readDecimal(text)).toBe(decimal);
  });

  test.each([
    '',
    ' ',
    '.',
    '-',
    ',5',
    'abc',
    '0x1F',
    'NaN',
    'Infinity',
    '1.2.3',
    '-5-',
    '- 5',
    '1,5e3',
    '1e99999',
    '5 6',
    ' '.repeat(1024) + '5',
    '٣',
  ])('refuses "%s"', (text) => {
    expect(readDecimal(text)).toBeUndefined();
  });

  test('always yields a FHIR decimal, of the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const decimal = readDecimal(String(number));
        expect(decimal).toBeDefined();
        expect(isFhirDecimal(decimal ?? '')).toBe(true);
        expect(Number(decimal) === number).toBe(true);
      }),
    );
  });
});

describe('comparing decimals', () => {
  test.each([
    ['22.40', '22.4', true],
    ['1e3', '1000.0', true],
    ['1E-05', '0.00001', true],
    ['-0', '0.00', true],
    ['0.1', '-0.1', false],
    ['10', '1', false],
    ['9007199254740993', '9007199254740992', false],
    ['E', 'E', true],
    ['E', '0', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(isSameDecimal(a, b)).toBe(expected);
    expect(isSameDecimal(b, a)).toBe(expected);
  });
});

test('a decimal in a resource keeps its digits', () => {
  expect(stringify({ value: fhirDecimal('22.40') })).toBe('{"value":22.40}');
  expect(decimalTextOf(fhirDecimal('22.40'))).toBe('22.40');
});

test.each([
  [new LosslessNumber('1e-7'), '1e-7'],
  [22.4, '22.4'],
  ['22.4', undefined],
  [Number.NaN, undefined],
  [null, undefined],
])('of %p the digits are %p', (value, expected) => {
  expect(decimalTextOf(value)).toBe(expected);
});

test.each([
  ['5000', { numerator: 5n, denominator: 1n }, 1000n],
  ['0.50', { numerator: 5n, denominator: 10n }, 1n],
  ['2.5e3', { numerator: 25n, denominator: 1n }, 100n],
])('%s is an exact fraction', (text, { numerator, denominator }, factor) => {
  expect(decimalFraction(text)).toEqual({ numerator: numerator * factor, denominator });
});

test.each(['0', '-5', 'E', ''])('"%s" is no positive decimal', (text) => {
  expect(decimalFraction(text)).toBeUndefined();
});

test.each([
  ['72', 72n],
  ['72.0', 72n],
  ['1E+01', 10n],
  ['12.50e1', 125n],
  ['1500e-2', 15n],
  ['-0.0', 0n],
  ['0e-9', 0n],
  ['-1e20', -100_000_000_000_000_000_000n],
  ['72.5', undefined],
  ['1e-1', undefined],
  ['1e99999', undefined],
  ['', undefined],
  ['+5', undefined],
])('"%s" as a whole number is %p', (text, expected) => {
  expect(wholeNumber(text)).toBe(expected);
});

describe('the smaller of two decimals', () => {
  test.each([
    ['-5', '5', -1],
    ['0.50', '0.5', 0],
    ['-0', '0.0', 0],
    ['1e3', '999.99', 1],
    ['1e-9999', '0', 1],
    ['-1e9999', '1e-9999', -1],
    ['9007199254740993', '9007199254740992', 1],
  ])('%s beside %s: %d', (a, b, expected) => {
    expect(compareDecimals(a, b)).toBe(expected);
    expect(compareDecimals(b, a)).toBe(0 - expected);
  });

  test('is the one of the smaller number', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(compareDecimals(String(a), String(b))).toBe(a < b ? -1 : Number(a > b));
      }),
    );
  });

  test('is not asked of other texts', () => {
    expect(() => compareDecimals('1', 'E')).toThrow(RangeError);
  });
});
