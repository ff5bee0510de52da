import type { SampledData } from 'fhir/r4.js';
import { decimalTextOf } from './decimal.ts';
import { sampleStep } from './sampled-data.ts';
import type { SampleStep } from './sampled-data.ts';
import { unmergeable } from './stored-observation.ts';

/** A SampledData as a server answered it. */
export interface StoredStream {
  readonly element: SampledData;
  readonly data: string;
  readonly step: SampleStep;
  /** Tokens of a slot. */
  readonly dimensions: number;
  /** A token stands for `origin + factor * token`; both are blank where no number can be read. */
  readonly origin: string;
  readonly factor: string;
  /** What it says of its unit. */
  readonly unit: Readonly<Record<'unit' | 'system' | 'code', string | undefined>>;
}

/** Whether a stored value holds no token at all: as good as absent. */
export function isBlankStream(stored: SampledData | undefined): boolean {
  return dataOf(stored).trim() === '';
}

/** @throws IngestError OBSERVATION_UNMERGEABLE when its period or its dimensions cannot be read */
export function readStoredStream(stored: SampledData | undefined): StoredStream {
  const element = (stored ?? {}) as SampledData;
  const { origin } = element as { origin?: SampledData['origin'] | null };
  const step = sampleStep(decimalTextOf(element.period) ?? '');
  const dimensions = Number(decimalTextOf(element.dimensions) ?? '1');
  if (step === undefined || !Number.isInteger(dimensions) || dimensions < 1)
    throw unmergeable('Expected the stored SampledData to have a positive period and positive dimensions');
  return {
    element,
    data: dataOf(stored),
    step,
    dimensions,
    origin: decimalOr(origin?.value, '0'),
    factor: decimalOr(element.factor, '1'),
    unit: { unit: textOf(origin?.unit), system: textOf(origin?.system), code: textOf(origin?.code) },
  };
}

function dataOf(stored: SampledData | undefined): string {
  const data: unknown = stored?.data;
  return typeof data === 'string' ? data : '';
}

function decimalOr(value: unknown, absent: string): string {
  return value === undefined ? absent : (decimalTextOf(value) ?? '');
}

/** The original writes the empty text of a mapping that names no unit. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
