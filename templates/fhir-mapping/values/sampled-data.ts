import type { SampledData } from 'fhir/r4.js';
import { fhirDecimal } from '../../../core/decimal.ts';
import { IngestError } from '../../../core/errors.ts';
import {
  decodeSampledData,
  encodeSampledData,
  isOnGrid,
  isSameStep,
  isSampleToken,
  mergeSampledData,
  NO_SAMPLE,
  sampleStep,
  tokensOf,
} from '../../../core/sampled-data.ts';
import type { Sample, SampleStep } from '../../../core/sampled-data.ts';
import { isBlankStream, readStoredStream } from '../../../core/stored-stream.ts';
import type { StoredStream } from '../../../core/stored-stream.ts';
import type { Ticks } from '../../../core/ticks.ts';
import { OPTIONAL_TEXT } from '../../template-schema.ts';
import type { JsonSchema } from '../../template-schema.ts';
import type { MergePeriod, ObservedValues, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueSampledData`: a token for each slot of the Observation's period. */
export interface SampledDataTemplate {
  readonly valueType: 'SampledData';
  readonly valueName: string;
  /** In ms, as the mapping writes it. */
  readonly defaultPeriod: string;
  readonly step: SampleStep;
  readonly unit?: string;
}

/** A number above zero, or a text that holds one. */
const POSITIVE: JsonSchema = {
  anyOf: [
    { type: 'number', minimum: 0.0001 },
    { type: 'string', pattern: '^\\s*(?=[0.]*[1-9])(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d{1,4})?\\s*$' },
  ],
};

export const sampledData: ValueKind<SampledDataTemplate> = {
  description: 'every value, each in the slot of its time',
  members: {
    defaultPeriod: { description: 'How far apart samples are, in milliseconds.', schema: POSITIVE, isRequired: true },
    unit: { description: 'The unit of the samples.', schema: OPTIONAL_TEXT },
  },
  element: 'valueSampledData',

  read(object, valueName) {
    const defaultPeriod = object.decimal('defaultPeriod');
    const step = defaultPeriod === undefined ? undefined : sampleStep(defaultPeriod);
    const unit = object.text('unit');
    const node = object.node.member('defaultPeriod');
    if (node === undefined) object.missing('defaultPeriod');
    else if (step === undefined) object.invalid(node, 'Expected how far apart samples are, in ms: at least 0.0001');
    if (defaultPeriod === undefined || step === undefined) return undefined;
    return { valueType: 'SampledData', valueName, defaultPeriod, step, ...(unit !== undefined && { unit }) };
  },

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
    const { stream, collidedCount } = mergeStream(template, values, stored, period);
    const isChanged = stream.data !== tokensOf(stored.data).join(' ');
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
  const { unit, defaultPeriod, step } = template;
  const { data, collidedCount } = encodeSampledData(samplesOf(values), { ...period, step });
  const origin = { value: fhirDecimal('0'), ...(unit !== undefined && { unit }) };
  return { stream: { origin, period: fhirDecimal(defaultPeriod), dimensions: 1, data }, collidedCount };
}

/** Only `data` changes: the stored stream keeps its own period and origin. */
function mergeStream(
  template: SampledDataTemplate,
  values: ObservedValues,
  stored: StoredStream,
  period: MergePeriod,
): WrittenStream {
  const { step, data } = stored;
  checkStream(template, stored);
  const window = { ...period, step };
  const samples = samplesOf(values);
  const offGrid = samples.some(({ at, token }) => token !== NO_SAMPLE && !isOnGrid(at, window));
  if (!isSameStep(step, template.step) && offGrid)
    throw conflict(template, 'is sampled at another period, and not every new sample falls on it');
  const merged = mergeSampledData({ data, start: period.storedStart }, samples, window);
  return { stream: { ...stored.element, data: merged.data }, collidedCount: merged.collidedCount };
}

/** New samples stand for what the template says; the stored ones must stand for the same. */
function checkStream(template: SampledDataTemplate, { dimensions, isPlain, unit }: StoredStream): void {
  if (dimensions !== 1)
    throw new IngestError('OBSERVATION_UNMERGEABLE', 'Expected the stored samples to have one dimension');
  if (!isPlain) throw conflict(template, 'counts its samples from another origin or by a factor');
  if (unit !== undefined && template.unit !== undefined && unit !== template.unit)
    throw conflict(template, 'has samples of another unit');
}

function isShorterStep(a: SampleStep, b: SampleStep): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

function conflict({ valueName }: SampledDataTemplate, what: string): IngestError {
  return new IngestError('MAPPING_CONFLICT', `The stored value ${valueName} ${what}`, { valueName });
}
