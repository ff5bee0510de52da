import type { Observation, SampledData } from 'fhir/r4.js';
import { decimalTextOf, isFhirDecimal } from './decimal.ts';
import { parseFhirDateTime } from './fhir-date-time.ts';
import { linearDecimal } from './linear-decimal.ts';
import { OperatorError } from './operator-error.ts';
import { slotsFrom } from './sample-slots.ts';
import { isSampleToken, NO_SAMPLE, sampleStep, tokensOf } from './sampled-data.ts';
import type { SampleStep } from './sampled-data.ts';
import { valueElementOf, valueNamesOf } from './stored-observation.ts';
import type { ValueHolder } from './stored-observation.ts';
import { ticksOf } from './ticks.ts';
import type { Ticks } from './ticks.ts';

/** The samples of one SampledData. Decimals are as the Observation has them, or exact. */
export interface TimeSeries {
  /** The connector's own code, else the code in words. */
  readonly name: string;
  readonly unit: string | undefined;
  /** Of detection, as the stream states them. */
  readonly limits: { readonly upper: string | undefined; readonly lower: string | undefined };
  /** Samples taken at each instant. */
  readonly dimensions: number;
  readonly start: Ticks;
  readonly step: SampleStep;
  /** As in its data, each a token that may stand there. */
  readonly tokens: readonly string[];
  readonly valueOf: (token: string) => string;
}

export type SeriesSample = {
  /** Where its slot begins. */
  readonly at: Ticks;
  /** Which of the samples of its instant it is, from 1. */
  readonly dimension: number;
} & (
  | { readonly kind: 'value'; readonly value: string }
  /** Beyond what the device can detect. */
  | { readonly kind: 'limit'; readonly limit: 'upper' | 'lower' }
  /** A slot without a valid sample. */
  | { readonly kind: 'gap' }
);

/**
 * Reads an Observation's SampledData, its own and those of its components.
 *
 * @returns none when it has no SampledData
 * @throws OperatorError for what is no Observation, or holds samples whose times or values cannot be told
 */
export function timeSeriesOf(resource: unknown): TimeSeries[] {
  const sampled = holdersOf(resource).filter(({ holder }) => holder.valueSampledData !== undefined);
  if (sampled.length === 0) return [];
  const start = startOf(resource as Observation);
  return sampled.map((place) => readSeries(place, start));
}

/** The value[x] that an Observation and its components hold, each once: what it has when it has no SampledData. */
export function valueElementsIn(resource: unknown): string[] {
  return [...new Set(holdersOf(resource).flatMap(({ holder }) => valueElementOf(holder) ?? []))];
}

/** In the order of time; gaps are told too. */
export function* seriesSamples(series: TimeSeries): Generator<SeriesSample> {
  const { tokens, dimensions, start, step, valueOf } = series;
  const { startOf } = slotsFrom(start, step);
  let at = start;
  for (const [index, token] of tokens.entries()) {
    const dimension = (index % dimensions) + 1;
    if (dimension === 1) at = startOf(index / dimensions);
    if (token === NO_SAMPLE) yield { at, dimension, kind: 'gap' };
    else if (isFhirDecimal(token)) yield { at, dimension, kind: 'value', value: valueOf(token) };
    else yield { at, dimension, kind: 'limit', limit: token === 'U' ? 'upper' : 'lower' };
  }
}

interface HolderPlace {
  readonly holder: ValueHolder;
  /** What it is called where its code does not say. */
  readonly fallbackName: string;
}

function holdersOf(resource: unknown): HolderPlace[] {
  const { resourceType, component = [] } = isObject(resource) ? resource : {};
  if (resourceType !== 'Observation')
    throw new OperatorError(
      `expected an Observation, found ${typeof resourceType === 'string' ? `a resource ${resourceType}` : 'no FHIR resource'}`,
    );
  if (!Array.isArray(component) || !component.every(isObject))
    throw new OperatorError('expected the components of the Observation to be a list of objects');
  const parts = (component as unknown as ValueHolder[]).map((holder, i) => ({
    holder,
    fallbackName: `component${i + 1}`,
  }));
  return [{ holder: resource as Observation, fallbackName: 'value' }, ...parts];
}

function startOf({ effectiveDateTime, effectiveInstant, effectivePeriod }: Observation): Ticks {
  const start = parseFhirDateTime(effectiveDateTime ?? effectiveInstant ?? effectivePeriod?.start);
  if (start !== undefined) return start.ticks;
  throw new OperatorError(
    'expected an effectivePeriod with a start, or an effectiveDateTime: without it no sample has a time',
  );
}

function readSeries({ holder, fallbackName }: HolderPlace, start: Ticks): TimeSeries {
  const name = nameOf(holder) ?? fallbackName;
  const { origin, period, dimensions, factor, upperLimit, lowerLimit, data } = streamOf(holder, name);
  const step = sampleStep(decimalTextOf(period) ?? '');
  if (step === undefined) throw new OperatorError(`expected a period of at least 0.0001 ms between samples of ${name}`);
  const valueOf = linearDecimal(
    decimalOr(origin?.value, '0', `origin of ${name}`),
    decimalOr(factor, '1', `factor of ${name}`),
  );
  const limits = { upper: decimalTextOf(upperLimit), lower: decimalTextOf(lowerLimit) };
  const width = dimensionsOf(dimensions, name);
  const tokens = checked(data, name, width);
  assertDated(start, step, tokens.length / width, name);
  return {
    name,
    unit: typeof origin?.unit === 'string' ? origin.unit : undefined,
    limits,
    dimensions: width,
    start,
    step,
    tokens,
    valueOf,
  };
}

/** FHIR dates end with the year 9999. */
const LAST_INSTANT = ticksOf('9999-12-31T23:59:59.9999999Z');

function assertDated(start: Ticks, step: SampleStep, slotCount: number, name: string): void {
  const length = (BigInt(Math.ceil(slotCount)) * step.numerator) / step.denominator;
  if (start + length <= LAST_INSTANT) return;
  throw new OperatorError(`expected the samples of ${name} to end before the year 10000: its period is too long`);
}

/** As FHIR has it; a server or a file may hold anything. */
function streamOf({ valueSampledData }: ValueHolder, name: string): Partial<SampledData> {
  if (isObject(valueSampledData)) return valueSampledData;
  throw new OperatorError(`expected the valueSampledData of ${name} to be an object`);
}

function dimensionsOf(value: unknown, name: string): number {
  const dimensions = value === undefined ? 1 : Number(decimalTextOf(value));
  if (Number.isSafeInteger(dimensions) && dimensions >= 1) return dimensions;
  throw new OperatorError(`expected the dimensions of ${name} to be a positive whole number`);
}

function decimalOr(value: unknown, absent: string, what: string): string {
  const text = value === undefined ? absent : decimalTextOf(value);
  if (text !== undefined && isFhirDecimal(text)) return text;
  throw new OperatorError(`expected the ${what} to be a number`);
}

/** @throws OperatorError naming the slot, never the token: it may be a reading */
function checked(data: unknown, name: string, dimensions: number): string[] {
  if (data !== undefined && typeof data !== 'string')
    throw new OperatorError(`expected the data of ${name} to be a text`);
  const tokens = tokensOf(data ?? '');
  const index = tokens.findIndex((token) => !isSampleToken(token));
  if (index === -1) return tokens;
  const slot = Math.floor(index / dimensions);
  throw new OperatorError(`expected a decimal, E, U or L in slot ${slot} of ${name} (the first is 0)`);
}

function nameOf(holder: ValueHolder): string | undefined {
  const { text, coding } = (holder as Partial<ValueHolder>).code ?? {};
  const [first] = Array.isArray(coding) ? coding : [];
  const names: unknown[] = [...valueNamesOf(holder), text, first?.display, first?.code];
  return names.find((name) => typeof name === 'string' && name !== '') as string | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
