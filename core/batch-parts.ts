import type { MeasurementBatch } from './measurement-rows.ts';
import { isClaimed, rowsAbove } from './measurement-rows.ts';
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
export function lastPosition(batch: MeasurementBatch): PositionInPartition {
  if (isClaimed(batch.content)) return batch.content.last;
  const last = batch.content.rows.at(-1);
  if (last === undefined) throw new RangeError('A batch holds at least one row');
  return [last[0], last[1]];
}

/** About what the rows take as JSON; near enough for bounds, and cheap. */
export function approximateBytes(batches: readonly MeasurementBatch[]): number {
  let bytes = 0;
  for (const { content } of batches) {
    if (isClaimed(content)) bytes += 300 + 100 * content.ids.length;
    else {
      bytes += JSON.stringify([content.ids, content.names]).length;
      for (const row of content.rows) bytes += row.reduce((sum: number, cell) => sum + 4 + String(cell).length, 0);
    }
  }
  return bytes;
}
