import type { Observation } from 'fhir/r4.js';
import { compareDateTimes, exactDateTime, roundToPrecision } from '../../core/fhir-date-time.ts';
import type { TimePrecision } from '../../core/fhir-date-time.ts';
import { extendedStart, padSampledData } from '../../core/sampled-data.ts';
import type { SampleStep } from '../../core/sampled-data.ts';
import { unmergeable } from '../../core/stored-observation.ts';
import type { StoredPeriod, ValueHolder } from '../../core/stored-observation.ts';
import { isBlankStream, readStoredStream } from '../../core/stored-stream.ts';
import { ticksOf } from '../../core/ticks.ts';
import type { ObservationGroup } from './observation-group.ts';
import type { ValuePlace } from './value-place.ts';
import type { MergePeriod } from './values/value-kind.ts';

/** FHIR dates begin with the year 1. */
const FIRST_INSTANT = ticksOf('0001-01-01T00:00:00Z');

/**
 * The stored period, extended to take the group in. A start moves by whole steps of every stream, stored or about to be
 * made, so that no stored sample is moved.
 *
 * @throws IngestError OBSERVATION_UNMERGEABLE when the start has to move, and a stored stream cannot be read or the whole
 *   steps are too long for any date
 */
export function extendPeriod(
  draft: Observation,
  stored: StoredPeriod,
  group: ObservationGroup,
  places: readonly ValuePlace[],
  precision: TimePrecision,
): MergePeriod {
  const storedStart = stored.start.ticks;
  const earliest = roundToPrecision(group.start, precision);
  const start = earliest < storedStart ? extendedStart(storedStart, earliest, stepsOf(draft, places)) : storedStart;
  if (start < FIRST_INSTANT) throw unmergeable('Expected the stored streams to have periods that go into one another');
  const end = group.end > stored.end.ticks ? group.end : stored.end.ticks;
  return { start, end, storedStart, precision };
}

/** Compared to the precision that the server has kept. */
export function isLonger(period: MergePeriod, stored: StoredPeriod): boolean {
  return (
    compareDateTimes(exactDateTime(period.start), stored.start) < 0 ||
    compareDateTimes(exactDateTime(period.end), stored.end) > 0
  );
}

/**
 * Pads the stored streams that get no new samples; those that do are padded as they are merged.
 *
 * @throws IngestError OBSERVATION_UNMERGEABLE, DATA_TOO_LONG
 */
export function padStreams(draft: Observation, places: readonly ValuePlace[], period: MergePeriod): void {
  const merged = new Set(places.map(({ holder }) => holder));
  for (const holder of streamHolders(draft)) {
    if (merged.has(holder)) continue;
    const { element, data, step, dimensions } = readStoredStream(holder.valueSampledData);
    const padded = padSampledData({ data, start: period.storedStart }, { ...period, step }, dimensions);
    holder.valueSampledData = { ...element, data: padded };
  }
}

function stepsOf(draft: Observation, places: readonly ValuePlace[]): SampleStep[] {
  const holders = streamHolders(draft);
  const stored = holders.map(({ valueSampledData }) => readStoredStream(valueSampledData).step);
  const made = places.flatMap(({ value, holder }) =>
    value.valueType === 'SampledData' && (holder === undefined || !holders.includes(holder)) ? [value.step] : [],
  );
  return [...stored, ...made];
}

function streamHolders(draft: Observation): ValueHolder[] {
  return [draft, ...(draft.component ?? [])].filter(({ valueSampledData }) => !isBlankStream(valueSampledData));
}
