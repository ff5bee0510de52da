import { IngestError } from '../../core/errors.ts';
import type { Measurement } from '../../core/measurement.ts';
import { floorDivide, formatTicks, ticksOf } from '../../core/ticks.ts';
import type { Ticks } from '../../core/ticks.ts';

/** Over which time measurements become one Observation. */
export type PeriodInterval = 'CorrelationId' | 'Single' | 'Hourly' | 'Daily';

/** Whether Single Observations within one second are told apart, or share an id as in the original. */
export type SingleId = 'fraction' | 'seconds';

/** The Observation a measurement belongs to: its period (both ends inclusive) and that part of its identifier. */
export interface ObservationSpan {
  readonly start: Ticks;
  readonly end: Ticks;
  readonly idSegment: string;
}

const TICKS_PER_MINUTE = 600_000_000n;

/** The original's numbers and names, and the names that only its documentation uses; in lower case. */
const SPELLINGS: ReadonlyMap<string, PeriodInterval> = new Map([
  ['-1', 'CorrelationId'],
  ['correlationid', 'CorrelationId'],
  ['0', 'Single'],
  ['single', 'Single'],
  ['instance', 'Single'],
  ['60', 'Hourly'],
  ['hourly', 'Hourly'],
  ['hour', 'Hourly'],
  ['1440', 'Daily'],
  ['daily', 'Daily'],
  ['day', 'Daily'],
]);

/** As editors know them. */
export const PERIOD_INTERVALS = {
  names: ['Single', 'Hourly', 'Daily', 'CorrelationId', 'Instance', 'Hour', 'Day'],
  numbers: [0, 60, 1440, -1, '0', '60', '1440', '-1'],
} as const;

export function parsePeriodInterval(text: string): PeriodInterval | undefined {
  return SPELLINGS.get(text.trim().toLowerCase());
}

/** @throws IngestError CORRELATION_ID_MISSING */
export function spanOf(interval: PeriodInterval, measurement: Measurement, singleId: SingleId): ObservationSpan {
  const at = ticksOf(measurement.occurrenceTimeUtc);
  switch (interval) {
    case 'CorrelationId':
      return { start: at, end: at, idSegment: correlationIdOf(measurement) };
    case 'Single': {
      const segment = singleId === 'fraction' ? compact(at) : compactSeconds(at);
      return { start: at, end: at, idSegment: `${segment}.${segment}` };
    }
    case 'Hourly':
      return wholePeriod(at, 60n * TICKS_PER_MINUTE);
    case 'Daily':
      return wholePeriod(at, 1440n * TICKS_PER_MINUTE);
  }
}

function correlationIdOf({ correlationId = '' }: Measurement): string {
  if (correlationId.trim() !== '') return correlationId;
  throw new IngestError('CORRELATION_ID_MISSING', 'Expected a correlation id, by which its mapping groups this type');
}

function wholePeriod(at: Ticks, length: bigint): ObservationSpan {
  const start = floorDivide(at, length) * length;
  const end = start + length - 1n;
  return { start, end, idSegment: `${compactSeconds(start)}.${compactSeconds(end)}` };
}

/** `20190101000009.1234567Z`; without the fraction when it is zero, as in the original. */
function compact(at: Ticks): string {
  return formatTicks(at).replace(/[-:T]/g, '');
}

function compactSeconds(at: Ticks): string {
  return compact(at).replace(/\.\d+/, '');
}
