import type { InlineRows, MeasurementBatch } from './measurement-rows.ts';
import { isClaimed, positionOfRow, rowsAbove } from './measurement-rows.ts';
import { isSameDecision } from './operator-request.ts';
import type { PositionInPartition } from './position.ts';
import { comparePositions } from './position.ts';

/** The part of a batch above a mark; undefined when there is none. A claim taken in partly keeps the mark for its reader. */
export function freshPart(
  batch: MeasurementBatch,
  mark: PositionInPartition | undefined,
): MeasurementBatch | undefined {
  const { content } = batch;
  if (!isClaimed(content)) {
    const rows = rowsAbove(content, mark);
    return rows.rows.length === 0 ? undefined : { ...batch, content: rows };
  }
  if (mark === undefined || comparePositions(content.first, mark) > 0) return batch;
  return comparePositions(content.last, mark) <= 0 ? undefined : { ...batch, after: mark };
}

/** @throws RangeError for an inline batch without rows */
export function firstPosition(batch: MeasurementBatch): PositionInPartition {
  if (isClaimed(batch.content)) return batch.content.first;
  const first = batch.content.rows[0];
  if (first === undefined) throw new RangeError('A batch holds at least one row');
  return positionOfRow(first);
}

/** @throws RangeError for an inline batch without rows */
export function lastPosition(batch: MeasurementBatch): PositionInPartition {
  if (isClaimed(batch.content)) return batch.content.last;
  const last = batch.content.rows.at(-1);
  if (last === undefined) throw new RangeError('A batch holds at least one row');
  return positionOfRow(last);
}

/** What the members of a batch and the brackets around its rows take. */
const ENVELOPE_BYTES = 100;

/** About what batches take as JSON, rather more than less; for bounds, and cheap. */
export function approximateBytes(batches: readonly MeasurementBatch[]): number {
  let bytes = 0;
  for (const { stream, partition, content, decision } of batches) {
    bytes += ENVELOPE_BYTES + stream.length + partition.length;
    if (decision !== undefined) bytes += textBytes(JSON.stringify(decision));
    if (isClaimed(content)) bytes += 250 + textBytes(JSON.stringify(content.ids)) + content.claim.length;
    else {
      bytes += textBytes(JSON.stringify([content.ids, content.names]));
      for (const row of content.rows) bytes += row.reduce((sum: number, cell) => sum + 4 + textBytes(String(cell)), 0);
    }
  }
  return bytes;
}

/** Outside printable ASCII a character takes up to six bytes, as an escape. */
function textBytes(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : text.length * 6;
}

/** Rows of one signal or claim: a claim is read as a whole. */
export const MOST_ROWS_TOGETHER = 5000;

/** Neighbours of one stream and partition become one batch, so that many small ones do not become as many claims. */
export function joinNeighbours(batches: readonly MeasurementBatch[]): MeasurementBatch[] {
  const joined: (MeasurementBatch | { batch: MeasurementBatch; contents: InlineRows[]; rowCount: number })[] = [];
  for (const batch of batches) {
    const { content } = batch;
    const last = joined.at(-1);
    if (isClaimed(content)) joined.push(batch);
    else if (
      last !== undefined &&
      'contents' in last &&
      last.batch.stream === batch.stream &&
      last.batch.partition === batch.partition &&
      isSameDecision(last.batch.decision, batch.decision) &&
      last.rowCount + content.rows.length <= MOST_ROWS_TOGETHER
    ) {
      last.contents.push(content);
      last.rowCount += content.rows.length;
    } else joined.push({ batch, contents: [content], rowCount: content.rows.length });
  }
  return joined.map((each) => ('contents' in each ? { ...each.batch, content: concatenate(each.contents) } : each));
}

function concatenate(contents: readonly InlineRows[]): InlineRows {
  const [first] = contents;
  if (first !== undefined && contents.length === 1) return first;
  let [idsBefore, namesBefore] = [0, 0];
  const rows = contents.flatMap((content) => {
    const [idsOffset, namesOffset] = [idsBefore, namesBefore];
    idsBefore += content.ids.length;
    namesBefore += content.names.length;
    return content.rows.map((row): InlineRows['rows'][number] => {
      const [sequenceNumber, ordinal, occurrence, ingestion, ids, names, ...values] = row;
      return [sequenceNumber, ordinal, occurrence, ingestion, ids + idsOffset, names + namesOffset, ...values];
    });
  });
  return {
    ids: contents.flatMap(({ ids }) => ids),
    names: contents.flatMap(({ names }) => names),
    rows: rows.sort(byPosition),
  };
}

function byPosition(a: InlineRows['rows'][number], b: InlineRows['rows'][number]): number {
  return comparePositions(positionOfRow(a), positionOfRow(b));
}
