import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalInstant,
  formatTicks,
  formatTicksFixed,
  isInstant,
  parseTicks,
  ticksOf,
} from '../../../core/ticks.ts';

const LAST_TICK = ticksOf('9999-12-31T23:59:59.9999999Z');
const FIRST_TICK = ticksOf('0000-01-01T00:00:00Z');
const instants = fc.bigInt({ min: FIRST_TICK, max: LAST_TICK });

describe('reading an instant', () => {
  test('counts from 1970 as Date does, and keeps what a Date cannot hold', () => {
    fc.assert(
      fc.property(instants, (ticks) => {
        const text = formatTicksFixed(ticks);
        expect(parseTicks(text)).toBe(ticks);
        expect(BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 10_000n).toBe(ticks - BigInt(text.slice(20, 27)));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['1970-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:00.0000001Z', 1n],
    ['1969-12-31T23:59:59.9999999Z', -1n],
    ['2024-02-29T00:00:00.5Z', 17_091_648_005_000_000n],
    ['2000-02-29T00:00:00Z', 9_517_824_000_000_000n],
  ])('%s is tick %s', (text, ticks) => {
    expect(parseTicks(text)).toBe(ticks);
  });

  test.each([
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-32T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00.12345678Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00+00:00',
    '2024-01-01 00:00:00Z',
    ' 2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
    '24-01-01T00:00:00Z',
    '',
  ])('%j is none', (text) => {
    expect(parseTicks(text)).toBeUndefined();
    expect(isInstant(text)).toBe(false);
    expect(canonicalInstant(text)).toBeUndefined();
  });
});

test('an instant has one canonical text, whatever zeros it came with', () => {
  fc.assert(
    fc.property(instants, fc.constantFrom(1n, 10n, 10_000n, 1_000_000n, 10_000_000n), (ticks, unit) => {
      const coarse = ticks - (((ticks % unit) + unit) % unit);
      expect(canonicalInstant(formatTicksFixed(coarse))).toBe(formatTicks(coarse));
      expect(canonicalInstant(formatTicks(coarse))).toBe(formatTicks(coarse));
    }),
  );
});
