import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { slotsFrom } from '../../../core/sample-slots.ts';
import { sampleStep } from '../../../core/sampled-data.ts';
import { floorDivide } from '../../../core/ticks.ts';

const DAY = 864_000_000_000n;
const START = 17_000_000_000_000_000n;

const steps = fc
  .oneof(
    fc.constantFrom('0.0001', '0.001', '1', '3.90625', '4', '333.3333333333333', '1000', '5000', '60000', '1e300'),
    fc.constantFrom('0.00010000000000000000001', '1000.0000000000001', '9007199254.740993', '86400000'),
    fc.integer({ min: 1, max: 10_000_000 }).map((value) => `${value}e-4`),
  )
  .map((periodMs) => sampleStep(periodMs)!);
/** A sample of the day, the ends of what doubles hold, and far beyond. */
const offsets = fc.oneof(
  fc.bigInt({ min: -DAY, max: DAY }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);

test('slots are those of exact arithmetic, however long a step and however far an instant', () => {
  fc.assert(
    fc.property(steps, offsets, (step, offset) => {
      const expected = floorDivide(offset * step.denominator, step.numerator);
      expect(slotsFrom(START, step).slotOf(START + offset)).toBe(Number(expected));
    }),
    { numRuns: 5000 },
  );
});

test('a slot begins with the first whole tick of it', () => {
  fc.assert(
    fc.property(steps, fc.maxSafeInteger(), (step, slot) => {
      const expected = -floorDivide(-BigInt(slot) * step.numerator, step.denominator);
      expect(slotsFrom(START, step).startOf(slot)).toBe(START + expected);
    }),
    { numRuns: 5000 },
  );
});

test('the instants about the beginning of a slot fall on either side of it', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: -100_000, max: 100_000 }), (step, slot) => {
      const { slotOf, startOf } = slotsFrom(START, step);
      expect(slotOf(startOf(slot))).toBe(slot);
      expect(slotOf(startOf(slot) - 1n)).toBe(slot - 1);
    }),
    { numRuns: 2000 },
  );
});
