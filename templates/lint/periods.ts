import { MAX_DATA_LENGTH, sampleStep } from '../../core/sampled-data.ts';
import type { SampleStep } from '../../core/sampled-data.ts';
import { isOfType, valuesOf } from './mapping-outline.ts';
import type { MappedObservation, MappedValue } from './mapping-outline.ts';
import type { PlacedText, Warn } from './placed.ts';

const TICKS = { Hourly: 36_000_000_000n, Daily: 864_000_000_000n } as const;
const PERIODS = { Hourly: 'hour', Daily: 'day' } as const;

/** Two digits, a decimal point or sign, and the space: shorter samples cannot be counted on. */
const SAMPLE_LENGTH = 4n;

/** How values go with the time that one Observation is for. */
export function lintPeriods(observation: MappedObservation, warn: Warn): void {
  for (const value of valuesOf(observation)) {
    if (isOfType(value, 'SampledData')) lintSamples(observation, value, warn);
    else if (!isOfType(value, 'CodeableConcept')) lintReplacedValue(observation, value, warn);
  }
}

function lintSamples({ interval, intervalNode }: MappedObservation, value: MappedValue, warn: Warn): void {
  const { defaultPeriod } = value;
  switch (interval) {
    case undefined:
    case 'CorrelationId':
      return;
    case 'Single':
      warn(
        value.valueType?.node ?? intervalNode,
        'SAMPLED_DATA_OF_AN_INSTANT',
        'SampledData of single readings holds one sample: expected periodInterval Hourly, Daily or CorrelationId',
      );
      return;
    case 'Hourly':
    case 'Daily': {
      const step = defaultPeriod && sampleStep(defaultPeriod.text.trim());
      if (defaultPeriod && step) lintStep(defaultPeriod, step, interval, warn);
    }
  }
}

function lintStep({ node }: PlacedText, step: SampleStep, interval: keyof typeof TICKS, warn: Warn): void {
  const { numerator, denominator } = step;
  const [length, period] = [TICKS[interval] * denominator, PERIODS[interval]];
  if (numerator > length) {
    warn(node, 'SAMPLE_PERIOD_UNEVEN', `Samples further apart than one ${period}, which has one Observation`);
    return;
  }
  const count = (length + numerator - 1n) / numerator;
  if (length % numerator !== 0n)
    warn(node, 'SAMPLE_PERIOD_UNEVEN', `The ${period} is no multiple of it: the last of ${count} samples is cut short`);
  if (count * SAMPLE_LENGTH - 1n <= BigInt(MAX_DATA_LENGTH)) return;
  const message =
    `${count} samples in one ${period} may be longer than the ${MAX_DATA_LENGTH} characters of a FHIR string: ` +
    'high rates belong in strips, one Observation for each correlation id';
  warn(node, 'SAMPLES_TOO_MANY', message);
}

function lintReplacedValue({ interval, codes }: MappedObservation, value: MappedValue, warn: Warn): void {
  const { valueType } = value;
  // What a correlation id joins are mostly the parts of one measurement.
  if (interval === undefined || interval === 'Single' || interval === 'CorrelationId' || valueType === undefined)
    return;
  if (codes.some(({ display }) => isOfWhole(display?.text ?? '', interval))) return;
  const message = `Of several values of one ${PERIODS[interval]} only the last is kept; SampledData or Single would keep all`;
  warn(valueType.node, 'LAST_VALUE_WINS', message);
}

/** Whether what is coded is itself of a whole period, as the number of steps in 24 hours: its last value is its value. */
function isOfWhole(display: string, interval: keyof typeof TICKS): boolean {
  return interval === 'Daily'
    ? /\b(?:24 ?h(?:ours?)?|1? ?day|daily)\b/i.test(display)
    : /\b(?:1 ?h(?:ours?)?|hourly)\b/i.test(display);
}
