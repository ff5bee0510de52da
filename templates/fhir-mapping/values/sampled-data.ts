import type { SampledData } from 'fhir/r4.js';
import { fhirDecimal, isSameDecimal } from '../../../core/decimal.ts';
import { IngestError } from '../../../core/errors.ts';
import {
  decodeSampledData,
  encodeSampledData,
  isOnGrid,
  isSameStep,
  isSampleToken,
  mergeSampledData,
  NO_SAMPLE,
} from '../../../core/sampled-data.ts';
import type { MergedSamples, Sample, SampleStep } from '../../../core/sampled-data.ts';
import { isBlankStream, readStoredStream } from '../../../core/stored-stream.ts';
import type { StoredStream } from '../../../core/stored-stream.ts';
import type { Ticks } from '../../../core/ticks.ts';
import { readSampledData, SAMPLED_DATA_MEMBERS } from './sampled-data-template.ts';
import type { SampledDataTemplate } from './sampled-data-template.ts';
import { UNIT_NAMES, unitOf } from './unit.ts';
import type { Unit } from './unit.ts';
import type { MergePeriod, ObservedValues, ValueKind, ValuePeriod } from './value-kind.ts';

export const sampledData: ValueKind<SampledDataTemplate> = {
  description: 'every value, each in the slot of its time',
  members: SAMPLED_DATA_MEMBERS,
  element: 'valueSampledData',

  read: readSampledData,

  judge({ valueName }, text) {
    if (isSampleToken(text)) return undefined;
    return new IngestError('VALUE_NOT_SAMPLE', `Expected a FHIR decimal, E, U or L as value ${valueName}`, {
      valueName,
    });
  },

  create(template, values, period) {
    return { valueSampledData: createStream(template, values, period).stream };
  },

  merge(template, values, { valueSampledData }, period) {
    if (isBlankStream(valueSampledData)) {
      const { stream, collidedCount } = createStream(template, values, period);
      return { elements: { valueSampledData: stream }, collidedCount };
    }
    const stored = readStoredStream(valueSampledData);
    const { stream, collidedCount, isChanged } = mergeStream(template, values, stored, period);
    return { collidedCount, ...(isChanged && { elements: { valueSampledData: stream } }) };
  },

  readBack(template, { valueSampledData }, start) {
    if (isBlankStream(valueSampledData)) return [];
    const stored = readStoredStream(valueSampledData);
    checkStream(template, stored);
    // Several of its samples would fall into one slot of what the template makes.
    if (isShorterStep(stored.step, template.step)) throw conflict(template, 'is sampled at a shorter period');
    return decodeSampledData(stored.data, { start, step: stored.step }).map(({ at, token }) => ({
      value: token,
      index: 0,
      occurrence: at,
      ingestion: at,
    }));
  },
};

export function samplesOf(values: readonly ObservedValues[number][]): Sample[] {
  return values.map(({ occurrence, value }) => ({ at: occurrence, token: value }));
}

/**
 * A stored stream tells where its slots begin, not when its samples were taken. Laid on other slots, one would be moved,
 * or stand twice once its own reading comes again.
 *
 * @param onto the stream it is to be laid on, if there is one yet, and where that one's Observation begins
 * @throws IngestError MAPPING_CONFLICT
 */
export function checkSameGrid(
  template: SampledDataTemplate,
  stream: SampledData | undefined,
  startOfStream: Ticks,
  onto: { readonly stream: SampledData | undefined; readonly start: Ticks },
): void {
  if (isBlankStream(stream)) return;
  const step = isBlankStream(onto.stream) ? template.step : readStoredStream(onto.stream).step;
  if (!isOnGrid(startOfStream, { start: onto.start, step }))
    throw conflict(template, 'stands in two versions whose slots lie between each other');
}

interface WrittenStream {
  readonly stream: SampledData;
  readonly collidedCount: number;
}

function createStream(template: SampledDataTemplate, values: ObservedValues, period: ValuePeriod): WrittenStream {
  const { defaultPeriod, factor, lowerLimit, upperLimit } = template;
  const { data, collidedCount } = encodeSampledData(samplesOf(values), { ...period, step: template.step });
  const stream: SampledData = {
    origin: { value: fhirDecimal(template.origin), ...unitOf(template) },
    period: fhirDecimal(defaultPeriod),
    ...(factor !== undefined && { factor: fhirDecimal(factor) }),
    ...(lowerLimit !== undefined && { lowerLimit: fhirDecimal(lowerLimit) }),
    ...(upperLimit !== undefined && { upperLimit: fhirDecimal(upperLimit) }),
    dimensions: 1,
    data,
  };
  return { stream, collidedCount };
}

/** Only `data` changes: the stored stream keeps its own period, origin, factor and limits. */
function mergeStream(
  template: SampledDataTemplate,
  values: ObservedValues,
  stored: StoredStream,
  period: MergePeriod,
): WrittenStream & Pick<MergedSamples, 'isChanged'> {
  const { step, data } = stored;
  checkStream(template, stored);
  const window = { ...period, step };
  const samples = samplesOf(values);
  const isOffGrid = ({ at, token }: Sample): boolean => token !== NO_SAMPLE && !isOnGrid(at, window);
  if (!isSameStep(step, template.step) && samples.some(isOffGrid))
    throw conflict(template, 'is sampled at another period, and not every new sample falls on it');
  const merged = mergeSampledData({ data, start: period.storedStart }, samples, window);
  const { collidedCount, isChanged } = merged;
  return { stream: { ...stored.element, data: merged.data }, collidedCount, isChanged };
}

const CODED = ['system', 'code'] as const;

/** New samples stand for what the template says; the stored ones must stand for the same. */
function checkStream(template: SampledDataTemplate, { dimensions, origin, factor, unit }: StoredStream): void {
  if (dimensions !== 1)
    throw new IngestError('OBSERVATION_UNMERGEABLE', 'Expected the stored samples to have one dimension');
  if (!isSameDecimal(origin, template.origin) || !isSameDecimal(factor, template.factor ?? '1'))
    throw conflict(template, 'counts its samples from another origin or by another factor');
  // What one side does not say does not speak against it: the original writes no system and no code.
  const differs = (name: keyof Unit): boolean =>
    unit[name] !== undefined && template[name] !== undefined && unit[name] !== template[name];
  const isCoded = [unit, template].every(({ system, code }) => system !== undefined && code !== undefined);
  // Where both are coded, how the unit reads in words is nobody's matter.
  if ((isCoded ? CODED : UNIT_NAMES).some(differs)) throw conflict(template, 'has samples of another unit');
}

function isShorterStep(a: SampleStep, b: SampleStep): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

function conflict({ valueName }: SampledDataTemplate, what: string): IngestError {
  return new IngestError('MAPPING_CONFLICT', `The stored value ${valueName} ${what}`, { valueName });
}
