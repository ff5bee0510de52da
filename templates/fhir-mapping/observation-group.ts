import { countCollisions } from '../../core/sampled-data.ts';
import type { Measurement } from '../../core/measurement.ts';
import { ticksOf } from '../../core/ticks.ts';
import type { Ticks } from '../../core/ticks.ts';
import { valuesOf } from './code-value-fhir-template.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import { spanOf } from './period-interval.ts';
import type { ObservationSpan, SingleId } from './period-interval.ts';
import { samplesOf } from './values/sampled-data.ts';
import type { ObservedValue, ObservedValues } from './values/value-kind.ts';

/** Measurements that become one Observation. Indexes are those of the measurements that were grouped. */
export interface ObservationGroup extends ObservationSpan {
  /** In the measurements' own casing. */
  readonly type: string;
  /** All that belong here, ascending. */
  readonly measurements: readonly number[];
  /** Of these: every mapped value of it gave way to a later one of the same instant and property. */
  readonly superseded: readonly number[];
  /** Of these: carries no mapped value. */
  readonly withoutValue: readonly number[];
  /** No mapped value at all: nothing is to be written. */
  readonly isEmpty: boolean;
  /** Mapped values by the name of their property, which is case-sensitive. */
  readonly values: ReadonlyMap<string, ObservedValues>;
  /** Samples that give way to a later one of their slot when the group is created. */
  readonly collidedCount: number;
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
  const members = new Map<string, GroupMembers>();
  for (const [index, measurement] of measurements.entries()) {
    const span = spanOf(template.periodInterval, measurement, singleId);
    const key = JSON.stringify([measurement.type, span.idSegment]);
    const known = members.get(key) ?? { type: measurement.type, span, indexes: [] };
    known.span = joined(known.span, span);
    known.indexes.push(index);
    members.set(key, known);
  }
  return [...members.values()]
    .map((group) => groupOf(template, measurements, group))
    .sort((a, b) => compare(a.start, b.start) || compare(a.idSegment, b.idSegment) || compare(a.type, b.type));
}

interface GroupMembers {
  readonly type: string;
  readonly indexes: number[];
  span: ObservationSpan;
}

function groupOf(
  template: CodeValueFhirTemplate,
  measurements: readonly Measurement[],
  { type, span, indexes }: GroupMembers,
): ObservationGroup {
  const { values, carriers } = valuesByName(template, measurements, indexes);
  const winners = new Set([...values.values()].flatMap((series) => series.map(({ index }) => index)));
  return {
    ...span,
    type,
    measurements: indexes,
    superseded: indexes.filter((index) => carriers.has(index) && !winners.has(index)),
    withoutValue: indexes.filter((index) => !carriers.has(index)),
    isEmpty: values.size === 0,
    values,
    collidedCount: collisionsOf(template, values, span),
  };
}

/** Also which measurements carry a mapped value, whether or not it won. */
function valuesByName(
  template: CodeValueFhirTemplate,
  measurements: readonly Measurement[],
  indexes: readonly number[],
) {
  const series = new Map(valuesOf(template).map(({ valueName }) => [valueName, new Map<Ticks, ObservedValue>()]));
  const carriers = new Set<number>();
  for (const index of indexes) {
    const measurement = measurements[index];
    for (const { name, value } of measurement?.properties ?? []) {
      const known = series.get(name);
      if (measurement === undefined || known === undefined) continue;
      carriers.add(index);
      keepLater(known, { value, index, ...sourceTimeOf(measurement) });
    }
  }
  return { values: ascending(series), carriers };
}

function sourceTimeOf({ occurrenceTimeUtc, ingestionTimeUtc }: Measurement) {
  return { occurrence: ticksOf(occurrenceTimeUtc), ingestion: ticksOf(ingestionTimeUtc) };
}

/** At the same instant the later ingestion wins, then the later index; candidates come by ascending index. */
export function keepLater(series: Map<Ticks, ObservedValue>, candidate: ObservedValue): void {
  const held = series.get(candidate.occurrence);
  if (held === undefined || candidate.ingestion >= held.ingestion) series.set(candidate.occurrence, candidate);
}

/** Each series in the order of time; those without a value are left out. */
export function ascending(
  series: ReadonlyMap<string, ReadonlyMap<Ticks, ObservedValue>>,
): ReadonlyMap<string, ObservedValues> {
  const entries = [...series].flatMap(([name, known]): [string, ObservedValues][] => {
    const [first, ...rest] = [...known.values()].sort((a, b) => compare(a.occurrence, b.occurrence));
    return first === undefined ? [] : [[name, [first, ...rest]]];
  });
  return new Map(entries);
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

function joined(a: ObservationSpan, b: ObservationSpan): ObservationSpan {
  return { ...a, start: a.start < b.start ? a.start : b.start, end: a.end > b.end ? a.end : b.end };
}

function compare<Value extends bigint | string>(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}
