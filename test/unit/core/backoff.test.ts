import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashFraction, nextAttempt } from '../../../core/backoff.ts';
import { windowClosesAt } from '../../../core/window.ts';

const SETTINGS = { fastInitialMs: 2000, fastAttempts: 3, slowInitialMs: 60_000, slowMaximumMs: 3_600_000 };

describe('a passing trouble', () => {
  test.each([
    [1, 'retrying', 2000],
    [2, 'retrying', 4000],
    [3, 'retrying', 8000],
    [4, 'stuck', 60_000],
    [5, 'stuck', 120_000],
    [9, 'stuck', 1_920_000],
    [10, 'stuck', 3_600_000],
    [100_000, 'stuck', 3_600_000],
  ] as const)('after %d failures is %s and rests %d ms', (attemptCount, phase, restMs) => {
    expect(nextAttempt(SETTINGS, attemptCount, false, 0)).toEqual({ phase, restMs });
  });
});

describe('what waits for the world', () => {
  test.each([
    [1, 60_000],
    [2, 120_000],
    [7, 3_600_000],
  ])('is stuck from the first failure; after %d it rests %d ms', (attemptCount, restMs) => {
    expect(nextAttempt(SETTINGS, attemptCount, true, 0)).toEqual({ phase: 'stuck', restMs });
  });
});

test('jitter takes at most a fifth off, and nothing is tried without a rest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.boolean(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, patient, jitter) => {
        const full = nextAttempt(SETTINGS, n, patient, 0).restMs;
        const { restMs } = nextAttempt(SETTINGS, n, patient, jitter);
        expect(restMs).toBeLessThanOrEqual(full);
        expect(restMs).toBeGreaterThanOrEqual(Math.round(full * 0.8));
      },
    ),
  );
});

test('a fleet is spread over its windows', () => {
  const shares = Array.from({ length: 1000 }, (_, i) => hashFraction(`iomt.device-${i}.heartRate`));
  for (const share of shares) expect(share >= 0 && share < 1).toBe(true);
  const tenths = Map.groupBy(shares, (share) => Math.floor(share * 10));
  expect(tenths.size).toBe(10);
  for (const tenth of tenths.values()) expect(tenth.length).toBeGreaterThan(50);
});

test.each([
  { name: 'the first window is cut to a tenth', isFirst: true, share: 0, closesAt: 1000 + 100 },
  { name: 'or hardly at all', isFirst: true, share: 1, closesAt: 1000 + 1000 },
  { name: 'the others last as they should', isFirst: false, share: 0, closesAt: 1000 + 1000 },
])('$name', ({ isFirst, share, closesAt }) => {
  expect(windowClosesAt({ windowMs: 1000, maxRows: 1, maxBytes: 1 }, 1000, isFirst, share)).toBe(closesAt);
});
