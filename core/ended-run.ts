import { lastPosition } from './batch-parts.ts';
import type { InlineRows, MeasurementBatch } from './measurement-rows.ts';
import { filterRows, positionOfRow, rowCount } from './measurement-rows.ts';
import type { PendingBook } from './pending-state.ts';
import type { Mark, PositionInPartition } from './position.ts';
import { comparePositions, markKey } from './position.ts';

/**
 * What a run that was ended, by hand or by a defect, had taken in: its successor is to take it over. Whatever lies at or
 * behind the successor's own beginning came to it again, and is the successor's.
 */
export interface EndedRun {
  readonly runId: string;
  /** Its sums, less the held measurements that have come to the successor again. */
  readonly book: PendingBook;
  /** Taken in and not decided. */
  readonly held: readonly MeasurementBatch[];
  /** Where the successor's own measurements begin, by stream and partition, as they did when this was put together. */
  readonly successorFrom: Readonly<Record<string, PositionInPartition>>;
}

/** True while the successor begins where it did when the ended run was put together; it then still fits. */
export function fitsSuccessor(ended: EndedRun, marks: readonly Mark[]): boolean {
  const own = new Map(marks.map((mark) => [markKey(mark), mark.from]));
  return ended.book.marks.every((mark) => {
    const [seen, from] = [ended.successorFrom[markKey(mark)], own.get(markKey(mark))];
    return seen === undefined || from === undefined ? seen === from : comparePositions(seen, from) === 0;
  });
}

/** The mark of both runs together: the ended one's measurements come before the successor's. */
export function markAfterTakeOver(ended: Mark, own: Mark | undefined): Mark {
  if (own === undefined) return ended;
  const takenTwiceCount = (ended.takenTwiceCount ?? 0) + (own.takenTwiceCount ?? 0);
  return {
    ...own,
    from: ended.from,
    receivedCount: ended.receivedCount + own.receivedCount,
    recent: [
      ...ended.recent.filter(([at]) => at < own.from[0]),
      ...own.recent.map(([at, count]) => [at, ended.receivedCount + count] as const),
    ],
    ...(takenTwiceCount > 0 && { takenTwiceCount }),
  };
}

/** A batch of the ended run, and its rows; undefined where its claim is gone. */
export interface OpenedBatch {
  readonly batch: MeasurementBatch;
  readonly rows: InlineRows | undefined;
}

/** True when measurements of the ended run's mark have come to the successor again. */
export function cameAgain(
  mark: Mark,
  successorFrom: PositionInPartition | undefined,
): successorFrom is PositionInPartition {
  return successorFrom !== undefined && comparePositions(successorFrom, mark.through) <= 0;
}

/**
 * Leaves to the successor what has come to it again: the held ones of it leave the ended run and its sums; those it had
 * decided stand in both sums, and are counted as taken twice.
 *
 * @param held of the mark's stream and partition
 * @param takenCount how many measurements at or behind `successorFrom` the ended run had taken in
 */
export function withoutWhatCameAgain(
  mark: Mark,
  successorFrom: PositionInPartition,
  held: readonly OpenedBatch[],
  takenCount: number,
): { mark: Mark; held: MeasurementBatch[] } {
  let leftCount = 0;
  let excess = 0;
  const kept = held.flatMap(({ batch, rows }): MeasurementBatch[] => {
    if (rows === undefined || comparePositions(lastPosition(batch), successorFrom) < 0) return [batch];
    const own = filterRows(rows, (row) => comparePositions(positionOfRow(row), successorFrom) < 0);
    leftCount += rows.rows.length - own.rows.length;
    // A claim that had come in part was counted in full so far.
    excess += rowCount(batch) - own.rows.length;
    return own.rows.length === 0 ? [] : [{ stream: batch.stream, partition: batch.partition, content: own }];
  });
  const takenTwiceCount = (mark.takenTwiceCount ?? 0) + Math.max(0, takenCount - leftCount);
  return {
    mark: { ...mark, receivedCount: mark.receivedCount - excess, ...(takenTwiceCount > 0 && { takenTwiceCount }) },
    held: kept,
  };
}
