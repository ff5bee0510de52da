import { describe, expect, test } from '@jest/globals';
import {
  compareDateTimes,
  exactDateTime,
  formatFhirInstant,
  parseFhirDateTime,
  roundToPrecision,
} from '../../../core/fhir-date-time.ts';
import { ticksOf } from '../../../core/ticks.ts';

describe('reading', () => {
  test.each([
    ['2019-01-01T00:59:59.9999999Z', '2019-01-01T00:59:59.9999999Z', 1n],
    ['2019-01-01T00:59:59.999Z', '2019-01-01T00:59:59.999Z', 10_000n],
    ['2019-01-01T00:59:59Z', '2019-01-01T00:59:59Z', 10_000_000n],
    ['2019-01-01T00:59:59.123456789Z', '2019-01-01T00:59:59.1234567Z', 1n],
    ['2019-01-01T02:00:00+02:00', '2019-01-01T00:00:00Z', 10_000_000n],
    ['2018-12-31T20:30:00-03:30', '2019-01-01T00:00:00Z', 10_000_000n],
    ['2019-01-01', '2019-01-01T00:00:00Z', 10_000_000n],
    ['2019-02', '2019-02-01T00:00:00Z', 10_000_000n],
    ['2019', '2019-01-01T00:00:00Z', 10_000_000n],
  ])('%s is %s', (text, expected, unit) => {
    expect(parseFhirDateTime(text)).toEqual({ ticks: ticksOf(expected), unit });
  });

  test.each([
    '',
    'now',
    '2019-02-30',
    '2019-13',
    '2019-01-01T00:00:00',
    '2019-01-01T25:00:00Z',
    5,
    null,
    undefined,
    {},
  ])('%p is no date', (value) => {
    expect(parseFhirDateTime(value)).toBeUndefined();
  });
});

describe('comparing', () => {
  test.each([
    ['2019-01-01T00:59:59.9999999Z', '2019-01-01T00:59:59.999Z', 0],
    ['2019-01-01T00:59:59.9999999Z', '2019-01-01T00:59:59.998Z', 1],
    ['2019-01-01T00:59:59.9999998Z', '2019-01-01T00:59:59.9999999Z', -1],
    ['2019-01-01T00:59:58.9999999Z', '2019-01-01T00:59:59Z', -1],
  ])('%s with %s, to the coarser precision', (exact, stored, expected) => {
    expect(compareDateTimes(exactDateTime(ticksOf(exact)), parseFhirDateTime(stored)!)).toBe(expected);
  });
});

test('an instant is written with seven digits, or cut to milliseconds', () => {
  const ticks = ticksOf('2019-01-01T00:59:59.9999999Z');
  expect(formatFhirInstant(ticks, '100ns')).toBe('2019-01-01T00:59:59.9999999Z');
  expect(formatFhirInstant(ticks, 'ms')).toBe('2019-01-01T00:59:59.999Z');
  expect(roundToPrecision(ticks, 'ms')).toBe(ticksOf('2019-01-01T00:59:59.999Z'));
  expect(roundToPrecision(ticks, '100ns')).toBe(ticks);
});
