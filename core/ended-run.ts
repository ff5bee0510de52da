import type { MeasurementBatch } from './measurement-rows.ts';
import type { PendingBook } from './pending-state.ts';
import type { Mark, PositionInPartition } from './position.ts';
import { comparePositions, markKey } from './position.ts';

/**
 * What a run that was ended, by hand or by a defect, had taken in: its successor is to take it over. Measurements that
 * came to both are written twice, which changes nothing, and counted on the marks, so that the sums stay exact.
 */
export interface EndedRun {
  readonly runId: string;
  /** Its sums; the marks count what its successors had taken in too when this was put together. */
  readonly book: PendingBook;
  /** Taken in and not decided. */
  readonly held: readonly MeasurementBatch[];
  /** How far the successor had come then, by stream and partition. */
  readonly successorThrough: Readonly<Record<string, PositionInPartition>>;
}

/** True unless measurements that the ended run had taken in have come to the successor since it was put together. */
export function fitsSuccessor(ended: EndedRun, marks: readonly Mark[]): boolean {
  const own = new Map(marks.map((mark) => [markKey(mark), mark]));
  return ended.book.marks.every((mark) => {
    const now = own.get(markKey(mark));
    const seen = ended.successorThrough[markKey(mark)];
    if (now === undefined) return seen === undefined;
    if (comparePositions(now.from, mark.through) > 0) return true;
    return (
      seen !== undefined && (comparePositions(seen, mark.through) >= 0 || comparePositions(seen, now.through) === 0)
    );
  });
}

/** The mark of both runs together. How the counts grew in either is left behind: they are known from here on only. */
export function markAfterTakeOver(ended: Mark, own: Mark | undefined): Mark {
  if (own === undefined) return ended;
  const takenTwiceCount = (ended.takenTwiceCount ?? 0) + (own.takenTwiceCount ?? 0);
  const receivedCount = ended.receivedCount + own.receivedCount;
  const through = comparePositions(ended.through, own.through) > 0 ? ended.through : own.through;
  return {
    ...own,
    from: comparePositions(ended.from, own.from) < 0 ? ended.from : own.from,
    through,
    receivedCount,
    recent: [[through[0], receivedCount]],
    ...(takenTwiceCount > 0 && { takenTwiceCount }),
  };
}
