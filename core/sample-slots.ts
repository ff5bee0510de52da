import { floorDivide } from './ticks.ts';
import type { Ticks } from './ticks.ts';

/** How far apart samples are, as an exact fraction of ticks in lowest terms; at least one tick. */
export interface SampleStep {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Slots, counted from where slot 0 begins. */
export interface SampleSlots {
  /** The slot that an instant falls into, below 0 before the first. */
  readonly slotOf: (at: Ticks) => number;
  /** The first whole tick of a slot. */
  readonly startOf: (slot: number) => Ticks;
}

/**
 * Exact for any step and instant. Whole numbers below 2^53, and their quotients rounded to whole ones, are exact in
 * doubles too, which take a fraction of the time of bigint: samples of a day, at any usual rate, are counted so.
 */
export function slotsFrom(start: Ticks, step: SampleStep): SampleSlots {
  const [numerator, denominator] = [Number(step.numerator), Number(step.denominator)];
  const isSafeStep = Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator);
  return {
    slotOf: (at) => {
      const parts = Number(at - start) * denominator;
      if (isSafeStep && Number.isSafeInteger(parts)) return Math.floor(parts / numerator);
      return Number(floorDivide((at - start) * step.denominator, step.numerator));
    },
    startOf: (slot) => {
      const parts = slot * numerator;
      if (isSafeStep && Number.isSafeInteger(parts)) return start + BigInt(Math.ceil(parts / denominator));
      return start - floorDivide(-BigInt(slot) * step.numerator, step.denominator);
    },
  };
}
