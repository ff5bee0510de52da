import { decimalFraction, isFhirDecimal, isSameDecimal } from './decimal.ts';
import { IngestError } from './errors.ts';
import { floorDivide, TICKS_PER_MS } from './ticks.ts';
import type { Ticks } from './ticks.ts';

/** Stands for a slot without a valid sample. */
export const NO_SAMPLE = 'E';

/** A FHIR string is at most 1 MiB; `data` is one. @see https://hl7.org/fhir/R4/datatypes.html#string */
export const MAX_DATA_LENGTH = 1_048_576;

/** How far apart samples are, as an exact fraction of ticks in lowest terms; at least one tick. */
export interface SampleStep {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

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
  return slotStart(slotOf(at, start, step), start, step) === at;
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
  return join([], samples, window);
}

/** The samples of a stream, each at the start of its slot; slots that hold `E` have none. */
export function decodeSampledData(data: string, { start, step }: Omit<SampleWindow, 'end'>): Sample[] {
  return tokensOf(data).flatMap((token, slot) =>
    token === NO_SAMPLE ? [] : [{ at: slotStart(BigInt(slot), start, step), token }],
  );
}

/**
 * Lays samples over a stored stream that begins at `storedStart`. What is stored stays in its slot and keeps its text;
 * a new sample replaces what its slot holds, but `E` replaces nothing.
 *
 * @param window begins at or whole steps before `storedStart`; stored tokens beyond its end stay too
 * @throws IngestError DATA_TOO_LONG
 */
export function mergeSampledData(
  stored: { readonly data: string; readonly start: Ticks },
  samples: readonly Sample[],
  window: SampleWindow,
): EncodedSamples {
  return join(padded(tokensOf(stored.data), slotOf(stored.start, window.start, window.step), 1n), samples, window);
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
  const width = BigInt(dimensions);
  const tokens = padded(tokensOf(stored.data), slotOf(stored.start, window.start, window.step), width);
  return joinTokens(filled(tokens, slotCount(window) * width));
}

/** How many of these samples give way to a later one of their slot. @param samples ascending by `at` */
export function countCollisions(samples: readonly Sample[], window: SampleWindow): number {
  return lastBySlot(samples, window).collidedCount;
}

/** The tokens of a stream; none when it is blank. */
export function tokensOf(data: string): string[] {
  return data.split(/\s+/).filter((token) => token !== '');
}

function join(tokens: readonly string[], samples: readonly Sample[], window: SampleWindow): EncodedSamples {
  const merged = filled(tokens, slotCount(window));
  const last = lastBySlot(samples, window);
  let collidedCount = last.collidedCount;
  for (const [slot, token] of last.tokens) {
    const held = merged[slot] ?? NO_SAMPLE;
    if (held !== NO_SAMPLE && !isSameDecimal(held, token)) collidedCount += 1;
    merged[slot] = token;
  }
  return { data: joinTokens(merged), collidedCount };
}

function lastBySlot(samples: readonly Sample[], { start, step }: SampleWindow) {
  const tokens = new Map<number, string>();
  let collidedCount = 0;
  for (const { at, token } of samples) {
    if (token === NO_SAMPLE) continue;
    const slot = Number(slotOf(at, start, step));
    if (tokens.has(slot)) collidedCount += 1;
    tokens.set(slot, token);
  }
  return { tokens, collidedCount };
}

function padded(tokens: readonly string[], slots: bigint, width: bigint): string[] {
  return [...filled([], slots * width), ...tokens];
}

/** @throws IngestError DATA_TOO_LONG, before it takes any memory */
function filled(tokens: readonly string[], count: bigint): string[] {
  if (count * 2n - 1n > BigInt(MAX_DATA_LENGTH)) throw tooLong();
  const missingCount = Math.max(Number(count) - tokens.length, 0);
  return [...tokens, ...new Array<string>(missingCount).fill(NO_SAMPLE)];
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

function slotCount({ start, end, step }: SampleWindow): bigint {
  return slotOf(end, start, step) + 1n;
}

function slotOf(at: Ticks, start: Ticks, step: SampleStep): bigint {
  return floorDivide((at - start) * step.denominator, step.numerator);
}

/** The first whole tick of a slot. */
function slotStart(slot: bigint, start: Ticks, step: SampleStep): Ticks {
  return start - floorDivide(-slot * step.numerator, step.denominator);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
