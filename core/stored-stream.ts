import type { SampledData } from 'fhir/r4.js';
import { decimalTextOf, isSameDecimal } from './decimal.ts';
import { sampleStep, tokensOf } from './sampled-data.ts';
import type { SampleStep } from './sampled-data.ts';
import { unmergeable } from './stored-observation.ts';

/** A SampledData as a server answered it. */
export interface StoredStream {
  readonly element: SampledData;
  readonly data: string;
  readonly step: SampleStep;
  /** Tokens of a slot. */
  readonly dimensions: number;
  /** Its tokens are the values themselves: origin 0, factor 1. */
  readonly isPlain: boolean;
  readonly unit: string | undefined;
}

/** Whether a stored value holds no token at all: as good as absent. */
export function isBlankStream(stored: SampledData | undefined): boolean {
  return tokensOf(dataOf(stored)).length === 0;
}

/** @throws IngestError OBSERVATION_UNMERGEABLE when its period or its dimensions cannot be read */
export function readStoredStream(stored: SampledData | undefined): StoredStream {
  const element = (stored ?? {}) as SampledData;
  const { origin } = element as { origin?: SampledData['origin'] | null };
  const step = sampleStep(decimalTextOf(element.period) ?? '');
  const dimensions = Number(decimalTextOf(element.dimensions) ?? '1');
  if (step === undefined || !Number.isInteger(dimensions) || dimensions < 1)
    throw unmergeable('Expected the stored SampledData to have a positive period and positive dimensions');
  const isPlain = isAbsentOr(origin?.value, '0') && isAbsentOr(element.factor, '1');
  return { element, data: dataOf(stored), step, dimensions, isPlain, unit: origin?.unit };
}

function dataOf(stored: SampledData | undefined): string {
  const data: unknown = stored?.data;
  return typeof data === 'string' ? data : '';
}

function isAbsentOr(value: unknown, expected: string): boolean {
  return value === undefined || isSameDecimal(decimalTextOf(value) ?? '', expected);
}
