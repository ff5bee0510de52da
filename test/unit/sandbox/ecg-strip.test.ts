import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EcgSample } from '../../../sandbox/simulator/ecg-strip.ts';
import { ecgStrip } from '../../../sandbox/simulator/ecg-strip.ts';
import { isSampleToken } from '../../../core/sampled-data.ts';

const drawArb = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** How often the trace rises through half a millivolt. */
function beatCount(strip: readonly EcgSample[]): number {
  return strip.filter(([, now], i) => now > 0.5 && (strip[i - 1]?.[1] ?? 0) <= 0.5).length;
}

test('a strip is ten seconds at 250 Hz, and each of its values can stand in SampledData', () => {
  fc.assert(
    fc.property(
      fc.array(drawArb, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 42, max: 190 }),
      (draws, rate) => {
        let drawn = 0;
        const strip = ecgStrip(rate, () => draws[drawn++ % draws.length]!);
        expect(strip.map(([offsetMs]) => offsetMs)).toEqual(Array.from({ length: 2500 }, (_, i) => 4 * i));
        const unusable = strip.filter(([, value]) => !isSampleToken(String(value)) || Math.abs(value) > 1.6);
        expect(unusable).toEqual([]);
      },
    ),
    { numRuns: 20 },
  );
});

test.each([48, 60, 75, 120])('it beats %d times a minute', (rate) => {
  const beats = beatCount(ecgStrip(rate, () => 0.5));
  expect(Math.abs(beats - rate / 6)).toBeLessThanOrEqual(1);
});
