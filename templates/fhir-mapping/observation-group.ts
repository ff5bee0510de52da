import { countCollisions } from '../../core/sampled-data.ts';
import type { Measurement } from '../../core/measurement.ts';
import { ticksOf } from '../../core/ticks.ts';
import type { Ticks } from '../../core/ticks.ts';
import { valuesOf } from './code-value-fhir-template.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { ResourceGroup } from './fhir-mapping.ts';
import { spanOf } from './period-interval.ts';
import type { ObservationSpan, SingleId } from './period-interval.ts';
import { samplesOf } from './values/sampled-data.ts';
import type { ObservedValue, ObservedValues } from './values/value-kind.ts';

/** Measurements that become one Observation. */
export interface ObservationGroup extends ResourceGroup, ObservationSpan {
  /** In the measurements' own casing. */
  readonly type: string;
  /** Mapped values by the name of their property, which is case-sensitive. */
  readonly values: ReadonlyMap<string, ObservedValues>;
}

/**
 * Groups measurements of one device, patient and encounter by type, and correlation or period. The order of the input
 * matters for one thing only: of two values of the same instant, property and ingestion time, the later index wins.
 *
 * @returns ascending by start
 * @throws IngestError CORRELATION_ID_MISSING for a measurement that was not judged
 */
export function groupMeasurements(
  template: CodeValueFhirTemplate,
  measurements: readonly Measurement[],
  singleId: SingleId,
): ObservationGroup[] {
  const groups = new Map<string, GroupMembers>();
  let latest: GroupMembers | undefined;
  for (const [index, measurement] of measurements.entries()) {
    const at = ticksOf(measurement.occurrenceTimeUtc);
    // Most belong where the one before them does, which is known before an id segment is written.
    if (latest === undefined || !belongsTo(latest, template, measurement, at))
      latest = membersFor(groups, measurement, spanOf(template.periodInterval, measurement, singleId));
    latest.members.push({ index, measurement, at });
    if (at < latest.start) latest.start = at;
    if (at > latest.end) latest.end = at;
  }
  return [...groups.values()]
    .map((group) => groupOf(template, group))
    .sort((a, b) => compare(a.start, b.start) || compare(a.idSegment, b.idSegment) || compare(a.type, b.type));
}

interface Member {
  readonly index: number;
  readonly measurement: Measurement;
  readonly at: Ticks;
}

interface GroupMembers {
  readonly type: string;
  readonly idSegment: string;
  start: Ticks;
  end: Ticks;
  readonly members: Member[];
}

/** Whether a measurement has the type and the id segment of a group. One between two of a group always has. */
function belongsTo(
  { type, idSegment, start, end }: GroupMembers,
  { periodInterval }: CodeValueFhirTemplate,
  measurement: Measurement,
  at: Ticks,
): boolean {
  if (measurement.type !== type) return false;
  return periodInterval === 'CorrelationId' ? measurement.correlationId === idSegment : start <= at && at <= end;
}

function membersFor(groups: Map<string, GroupMembers>, { type }: Measurement, span: ObservationSpan): GroupMembers {
  const key = JSON.stringify([type, span.idSegment]);
  const known = groups.get(key) ?? { type, ...span, members: [] };
  groups.set(key, known);
  return known;
}

function groupOf(template: CodeValueFhirTemplate, group: GroupMembers): ObservationGroup {
  const { members, ...span } = group;
  const { candidates, carriers, withoutValue } = candidatesOf(template, members);
  const values = ascending(candidates);
  return {
    ...span,
    measurements: members.map(({ index }) => index),
    superseded: supersededAmong(carriers, candidates, values),
    withoutValue,
    isEmpty: values.size === 0,
    values,
    collidedCount: collisionsOf(template, values, span),
  };
}

/** Most values never meet another of their instant, nor are they replaced: when they were taken in is read when asked for. */
class MeasuredValue implements ObservedValue {
  readonly value: string;
  readonly index: number;
  readonly occurrence: Ticks;
  private readonly measurement: Measurement;

  constructor(value: string, index: number, occurrence: Ticks, measurement: Measurement) {
    this.value = value;
    this.index = index;
    this.occurrence = occurrence;
    this.measurement = measurement;
  }

  get ingestion(): Ticks {
    return ticksOf(this.measurement.ingestionTimeUtc);
  }
}

/** All mapped values by their names, and which measurements carry one. */
function candidatesOf(template: CodeValueFhirTemplate, members: readonly Member[]) {
  const candidates = new Map(valuesOf(template).map(({ valueName }): [string, ObservedValue[]] => [valueName, []]));
  const carriers: number[] = [];
  const withoutValue: number[] = [];
  for (const { index, measurement, at } of members) {
    let isCarrier = false;
    for (const { name, value } of measurement.properties) {
      const series = candidates.get(name);
      series?.push(new MeasuredValue(value, index, at, measurement));
      isCarrier ||= series !== undefined;
    }
    (isCarrier ? carriers : withoutValue).push(index);
  }
  return { candidates, carriers, withoutValue };
}

/** The carriers of which no value was kept; nearly always all are, and then there is nothing to look for. */
function supersededAmong(
  carriers: readonly number[],
  candidates: ReadonlyMap<string, readonly ObservedValue[]>,
  kept: ReadonlyMap<string, ObservedValues>,
): number[] {
  if ([...candidates].every(([name, { length }]) => length === (kept.get(name)?.length ?? 0))) return [];
  const winners = new Set([...kept.values()].flatMap((series) => series.map(({ index }) => index)));
  return carriers.filter((index) => !winners.has(index));
}

/**
 * Each series in the order of time, with one value for an instant: the one taken in last, and of several such the last
 * given. Those without a value are left out.
 */
export function ascending(
  candidates: ReadonlyMap<string, readonly ObservedValue[]>,
): ReadonlyMap<string, ObservedValues> {
  const values = new Map<string, ObservedValues>();
  for (const [name, given] of candidates) {
    const sorted = given.toSorted((a, b) => compare(a.occurrence, b.occurrence) || compare(a.ingestion, b.ingestion));
    const series = sorted.filter(({ occurrence }, index) => sorted[index + 1]?.occurrence !== occurrence);
    if (isFilled(series)) values.set(name, series);
  }
  return values;
}

function isFilled<Item>(list: Item[]): list is [Item, ...Item[]] {
  return list.length > 0;
}

function collisionsOf(
  template: CodeValueFhirTemplate,
  values: ReadonlyMap<string, ObservedValues>,
  span: ObservationSpan,
): number {
  return valuesOf(template).reduce((count, value) => {
    if (value.valueType !== 'SampledData') return count;
    return count + countCollisions(samplesOf(values.get(value.valueName) ?? []), { ...span, step: value.step });
  }, 0);
}

function compare<Value extends bigint | string>(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}
