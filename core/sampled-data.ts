import { decimalFraction, isFhirDecimal, isSameDecimal } from './decimal.ts';
import { IngestError } from './errors.ts';
import { slotsFrom } from './sample-slots.ts';
import type { SampleStep } from './sample-slots.ts';
import { floorDivide, TICKS_PER_MS } from './ticks.ts';
import type { Ticks } from './ticks.ts';

export type { SampleStep } from './sample-slots.ts';

/** Stands for a slot without a valid sample. */
export const NO_SAMPLE = 'E';

/** A FHIR string is at most 1 MiB; `data` is one. @see https://hl7.org/fhir/R4/datatypes.html#string */
export const MAX_DATA_LENGTH = 1_048_576;

/** What may stand between tokens besides a space. */
const OTHER_SPACE = /[^\S ]/;

/** Slot 0 begins at `start`; the slot that holds `end` is the last. */
export interface SampleWindow {
  readonly start: Ticks;
  readonly end: Ticks;
  readonly step: SampleStep;
}

export interface Sample {
  readonly at: Ticks;
  readonly token: string;
}

export interface EncodedSamples {
  readonly data: string;
  /** Samples that gave way to another of their slot. */
  readonly collidedCount: number;
}

export interface MergedSamples extends EncodedSamples {
  /** Whether any token differs from what is stored, white space apart. */
  readonly isChanged: boolean;
}

/** Whether a text may stand in `data`: a FHIR decimal, `E`rror, `U`pper or `L`ower limit passed. */
export function isSampleToken(text: string): boolean {
  return isFhirDecimal(text) || text === NO_SAMPLE || text === 'U' || text === 'L';
}

/** @param periodMs a FHIR decimal, in ms as in SampledData; undefined unless it is at least a tick (0.0001) */
export function sampleStep(periodMs: string): SampleStep | undefined {
  const period = decimalFraction(periodMs);
  if (period === undefined) return undefined;
  const numerator = period.numerator * TICKS_PER_MS;
  if (numerator < period.denominator) return undefined;
  const divisor = greatestCommonDivisor(numerator, period.denominator);
  return { numerator: numerator / divisor, denominator: period.denominator / divisor };
}

export function isSameStep(a: SampleStep, b: SampleStep): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

/** The shortest time in ticks that is a whole multiple of every step. */
export function commonStep(steps: readonly SampleStep[]): bigint {
  // In lowest terms the multiples of n/d that are whole are the multiples of n.
  return steps.reduce((common, { numerator }) => (common / greatestCommonDivisor(common, numerator)) * numerator, 1n);
}

/**
 * The start that takes `earliest` in: `start` itself, or before it by whole multiples of every step, so that samples
 * that are already in a slot stay at their instant.
 */
export function extendedStart(start: Ticks, earliest: Ticks, steps: readonly SampleStep[]): Ticks {
  if (earliest >= start) return start;
  const common = commonStep(steps);
  return start + floorDivide(earliest - start, common) * common;
}

/** Whether an instant is the very start of a slot. */
export function isOnGrid(at: Ticks, { start, step }: Omit<SampleWindow, 'end'>): boolean {
  const slots = slotsFrom(start, step);
  return slots.startOf(slots.slotOf(at)) === at;
}

/**
 * Encodes samples as the `data` of a FHIR SampledData: one token per slot, separated by one space. A slot without a
 * sample holds `E`; of several samples in a slot the last by time wins.
 *
 * @param samples ascending by `at`, inside the window
 * @throws IngestError DATA_TOO_LONG
 * @see https://hl7.org/fhir/R4/datatypes.html#SampledData
 */
export function encodeSampledData(samples: readonly Sample[], window: SampleWindow): EncodedSamples {
  const { data, collidedCount } = mergeSampledData({ data: '', start: window.start }, samples, window);
  return { data, collidedCount };
}

/** The samples of a stream, each at the start of its slot; slots that hold `E` have none. */
export function decodeSampledData(data: string, { start, step }: Omit<SampleWindow, 'end'>): Sample[] {
  const { startOf } = slotsFrom(start, step);
  const samples: Sample[] = [];
  for (const [slot, token] of tokensOf(data).entries())
    if (token !== NO_SAMPLE) samples.push({ at: startOf(slot), token });
  return samples;
}

/**
 * Lays samples over a stored stream that begins at `storedStart`. What is stored stays in its slot and keeps its text;
 * a new sample replaces what its slot holds, but `E` replaces nothing.
 *
 * @param samples ascending by `at`, inside the window
 * @param window begins at or whole steps before `storedStart`; stored tokens beyond its end stay too
 * @throws IngestError DATA_TOO_LONG
 */
export function mergeSampledData(
  stored: { readonly data: string; readonly start: Ticks },
  samples: readonly Sample[],
  window: SampleWindow,
): MergedSamples {
  const { tokens, addedCount } = tokensIn(stored, window, 1);
  const last = lastBySlot(samples, window);
  let { collidedCount } = last;
  let isChanged = addedCount > 0;
  for (const { slot, token } of last.bySlot) {
    const held = tokens[slot] ?? NO_SAMPLE;
    if (held === token) continue;
    if (held !== NO_SAMPLE && !isSameDecimal(held, token)) collidedCount += 1;
    tokens[slot] = token;
    isChanged = true;
  }
  return { data: isChanged ? joinTokens(tokens) : stored.data, collidedCount, isChanged };
}

/**
 * A stored stream in a longer window, none of its samples moved.
 *
 * @param dimensions how many tokens a slot has
 * @throws IngestError DATA_TOO_LONG
 */
export function padSampledData(
  stored: { readonly data: string; readonly start: Ticks },
  window: SampleWindow,
  dimensions = 1,
): string {
  return joinTokens(tokensIn(stored, window, dimensions).tokens);
}

/** How many of these samples give way to a later one of their slot. @param samples ascending by `at` */
export function countCollisions(samples: readonly Sample[], window: SampleWindow): number {
  return lastBySlot(samples, window).collidedCount;
}

/** The tokens of a stream; none when it is blank. */
export function tokensOf(data: string): string[] {
  const tokens = data.split(' ');
  // Servers keep the one space between tokens, and a pattern takes thrice the time to find it.
  const isUnusual = OTHER_SPACE.test(data) || tokens.includes('');
  return isUnusual ? data.split(/\s+/).filter((token) => token !== '') : tokens;
}

interface SlotSample {
  readonly slot: number;
  token: string;
}

/** The last sample of each slot, ascending. */
function lastBySlot(samples: readonly Sample[], { start, step }: SampleWindow) {
  const { slotOf } = slotsFrom(start, step);
  const bySlot: SlotSample[] = [];
  let latest: SlotSample | undefined;
  let collidedCount = 0;
  for (const { at, token } of samples) {
    if (token === NO_SAMPLE) continue;
    const slot = slotOf(at);
    if (latest?.slot === slot) {
      latest.token = token;
      collidedCount += 1;
    } else {
      latest = { slot, token };
      bySlot.push(latest);
    }
  }
  return { bySlot, collidedCount };
}

/**
 * The tokens of a stored stream in the slots of a window.
 *
 * @param width tokens of a slot
 * @throws IngestError DATA_TOO_LONG, before it takes any memory
 */
function tokensIn(stored: { readonly data: string; readonly start: Ticks }, window: SampleWindow, width: number) {
  const { slotOf } = slotsFrom(window.start, window.step);
  const beforeCount = Math.max(slotOf(stored.start) * width, 0);
  const count = (slotOf(window.end) + 1) * width;
  if (Math.max(count, beforeCount) * 2 - 1 > MAX_DATA_LENGTH) throw tooLong();
  const held = tokensOf(stored.data);
  const afterCount = Math.max(count - beforeCount - held.length, 0);
  const gaps = (slots: number): string[] => new Array<string>(slots).fill(NO_SAMPLE);
  const tokens = beforeCount + afterCount === 0 ? held : [...gaps(beforeCount), ...held, ...gaps(afterCount)];
  return { tokens, addedCount: beforeCount + afterCount };
}

function joinTokens(tokens: readonly string[]): string {
  const data = tokens.join(' ');
  if (data.length > MAX_DATA_LENGTH) throw tooLong();
  return data;
}

function tooLong(): IngestError {
  return new IngestError(
    'DATA_TOO_LONG',
    `The samples of one Observation need more than the ${MAX_DATA_LENGTH} characters that FHIR allows; ` +
      'high rates belong in strips: one Observation per correlation id',
  );
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
