import type { IdentityIds } from './identity.ts';
import type { Measurement, MessageIds } from './measurement.ts';
import type { DecisionMark } from './operator-request.ts';
import type { PositionInPartition, StreamId } from './position.ts';
import { comparePositions } from './position.ts';

/**
 * One measurement, written compactly: signals stay in a workflow's history, so every byte counts.
 * `ids` and `names` are indexes into the lists of their batch; the values follow in the order of those names.
 */
export type MeasurementRow = readonly [
  sequenceNumber: number,
  ordinal: number,
  occurrenceTimeUtc: string,
  ingestionTimeUtc: string,
  ids: number,
  names: number,
  ...values: string[],
];

/** Rows in position order, with what many of them share said once. */
export interface InlineRows {
  readonly ids: readonly MessageIds[];
  readonly names: readonly (readonly string[])[];
  readonly rows: readonly MeasurementRow[];
}

/** Stands for rows that are too many for a signal or for a workflow's state: they lie in the claim store. */
export interface ClaimedRows {
  /** Key in the claim store. */
  readonly claim: string;
  readonly count: number;
  readonly first: PositionInPartition;
  readonly last: PositionInPartition;
  /** Earliest and latest occurrence, ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  /** The distinct patients and encounters of its rows; correlation ids, which may be as many as the rows, are left out. */
  readonly ids: readonly IdentityIds[];
}

/** Measurements of one device and type from one partition of one stream: what a signal carries and a workflow keeps. */
export interface MeasurementBatch {
  readonly stream: StreamId;
  readonly partition: string;
  readonly content: InlineRows | ClaimedRows;
  /** Rows at or below it were taken in before; only claims need it, inline rows are dropped on arrival. */
  readonly after?: PositionInPartition;
  /** What an operator decided of its rows while they waited. */
  readonly decision?: DecisionMark;
}

export function isClaimed(content: InlineRows | ClaimedRows): content is ClaimedRows {
  return 'claim' in content;
}

/** How many rows a batch holds; an upper bound where a claim was taken in partly. */
export function rowCount(batch: MeasurementBatch): number {
  return isClaimed(batch.content) ? batch.content.count : batch.content.rows.length;
}

/** A measurement with its place in its event. */
export interface PositionedMeasurement {
  readonly sequenceNumber: number;
  readonly ordinal: number;
  readonly measurement: Measurement;
}

export function encodeRows(measurements: readonly PositionedMeasurement[]): InlineRows {
  const ids = new Interner<MessageIds>();
  const names = new Interner<readonly string[]>();
  const rows = measurements.map(({ sequenceNumber, ordinal, measurement }): MeasurementRow => {
    const nameList = measurement.properties.map((property) => property.name);
    const values = measurement.properties.map((property) => property.value);
    const { occurrenceTimeUtc, ingestionTimeUtc } = measurement;
    const own = [ids.indexOf(messageIdsOf(measurement)), names.indexOf(nameList)] as const;
    return [sequenceNumber, ordinal, occurrenceTimeUtc, ingestionTimeUtc, ...own, ...values];
  });
  return { ids: ids.values, names: names.values, rows };
}

/** @throws RangeError when a row points outside the lists of its batch */
export function decodeRow(
  rows: InlineRows,
  row: MeasurementRow,
  device: { deviceId: string; type: string },
): Measurement {
  const [, , occurrenceTimeUtc, ingestionTimeUtc, idsIndex, namesIndex, ...values] = row;
  const ids = rows.ids[idsIndex];
  const names = rows.names[namesIndex];
  if (ids === undefined || names?.length !== values.length) throw new RangeError('Row without its ids or names');
  const properties = names.map((name, i) => ({ name, value: values[i] ?? '' }));
  return { ...device, ...ids, occurrenceTimeUtc, ingestionTimeUtc, properties };
}

/** Keeps the rows for which `keep` holds; the shared lists stay as they are. */
export function filterRows(rows: InlineRows, keep: (row: MeasurementRow, index: number) => boolean): InlineRows {
  return { ...rows, rows: rows.rows.filter(keep) };
}

/** The same rows with only those ids and names that they use. */
export function withoutUnused({ ids, names, rows }: InlineRows): InlineRows {
  const usedIds = used(ids, new Set(rows.map((row) => row[4])));
  const usedNames = used(names, new Set(rows.map((row) => row[5])));
  return {
    ids: usedIds.values,
    names: usedNames.values,
    rows: rows.map(([sequenceNumber, ordinal, occurrence, ingestion, idsIndex, namesIndex, ...values]) => {
      const moved = [usedIds.indexOf(idsIndex), usedNames.indexOf(namesIndex)] as const;
      return [sequenceNumber, ordinal, occurrence, ingestion, ...moved, ...values];
    }),
  };
}

export function positionOfRow(row: MeasurementRow): PositionInPartition {
  return [row[0], row[1]];
}

/** What a claim says of the rows it stands for. @throws RangeError for no rows at all */
export function describeRows(rows: InlineRows): Omit<ClaimedRows, 'claim'> {
  const first = rows.rows[0];
  const last = rows.rows.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('A claim stands for at least one row');
  const times = rows.rows.map((row) => row[2]).sort(compareInstantTexts);
  return {
    count: rows.rows.length,
    first: positionOfRow(first),
    last: positionOfRow(last),
    from: times[0] ?? first[2],
    to: times.at(-1) ?? first[2],
    ids: identitiesIn(rows),
  };
}

function identitiesIn({ ids, rows }: InlineRows): IdentityIds[] {
  const identities = new Interner<IdentityIds>();
  for (const index of new Set(rows.map((row) => row[4]))) {
    const { correlationId: _, ...identity } = ids[index] ?? {};
    identities.indexOf(identity);
  }
  return identities.values;
}

/** Rows of an inline batch that lie above `mark`. */
export function rowsAbove(rows: InlineRows, mark: PositionInPartition | undefined): InlineRows {
  return mark === undefined ? rows : filterRows(rows, (row) => comparePositions(positionOfRow(row), mark) > 0);
}

function messageIdsOf(measurement: Measurement): MessageIds {
  const { patientId, encounterId, correlationId } = measurement;
  return {
    ...(patientId !== undefined && { patientId }),
    ...(encounterId !== undefined && { encounterId }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

/** Orders ISO 8601 UTC texts of different precision: `…01Z` comes before `…01.5Z`, which text order has the other way round. */
export function compareInstantTexts(a: string, b: string): number {
  const x = a.slice(0, -1);
  const y = b.slice(0, -1);
  return x < y ? -1 : x > y ? 1 : 0;
}

function used<Value>(
  list: readonly Value[],
  indexes: ReadonlySet<number>,
): { values: Value[]; indexOf: (old: number) => number } {
  const kept = [...indexes].filter((index) => index in list).sort((a, b) => a - b);
  const moved = new Map(kept.map((old, now) => [old, now]));
  // An index that points nowhere goes on pointing nowhere, so that decoding still says so.
  return { values: kept.flatMap((index) => list.slice(index, index + 1)), indexOf: (old) => moved.get(old) ?? -1 };
}

/** Gives equal values one index, in order of first appearance. */
class Interner<Value> {
  readonly values: Value[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(value: Value): number {
    const key = JSON.stringify(value);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}
