/**
 * One life of a hub. A hub that was created again, or an emulator that was wiped, counts from zero again: it is another
 * stream, so that its sequence numbers are never mistaken for those already seen.
 */
export interface Stream {
  /** Host of the namespace, without a port. */
  readonly namespace: string;
  readonly hub: string;
  /** When the hub says it was created, ISO 8601 UTC. */
  readonly createdOn: string;
  /** Counts the lives that `createdOn` cannot tell apart. */
  readonly epoch: number;
}

/** The stream as it stands in signals, marks and store keys. Replays use `replay/<letter id>/<n>`. */
export type StreamId = string;

export function streamIdOf(stream: Stream): StreamId {
  return [stream.namespace, stream.hub, stream.createdOn, String(stream.epoch)].join('/');
}

/** Where a measurement comes from; names it for good. Positions are ordered within one partition of one stream. */
export interface Position {
  readonly stream: StreamId;
  readonly partition: string;
  /** Of the event. */
  readonly sequenceNumber: number;
  /** Among all measurements of that event, in template and match order, from 0. */
  readonly ordinal: number;
}

/** Sequence number and ordinal: a position within its stream and partition. */
export type PositionInPartition = readonly [sequenceNumber: number, ordinal: number];

/** Negative when `a` comes first, zero when they are the same. */
export function comparePositions(a: PositionInPartition, b: PositionInPartition): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** Everything of a stream's partition from `from` up to `through` that is this workflow's has been taken in by it. */
export interface Mark {
  readonly stream: StreamId;
  readonly partition: string;
  /** The first position that came. */
  readonly from: PositionInPartition;
  readonly through: PositionInPartition;
  /** Milliseconds since 1970: when the mark was last raised; marks of replays are dropped a day later. */
  readonly usedAt: number;
  /** How many measurements of this stream's partition were taken in, duplicates left out. */
  readonly receivedCount: number;
  /** `receivedCount` as it was after each of the last few batches, so that a sum can be told as of a ledger's position. */
  readonly recent: readonly CountAt[];
  /** Taken in by this run and by one that was ended and taken over: measurements that stand in `receivedCount` twice. */
  readonly takenTwiceCount?: number;
}

/** One stream's partition, as a text. */
export function markKey(of: { readonly stream: StreamId; readonly partition: string }): string {
  return `${of.stream}|${of.partition}`;
}

/** How many had been taken in once everything up to and with this event had. */
type CountAt = readonly [sequenceNumber: number, receivedCount: number];

/** Rather more batches than arrive while all workflows of a deployment are asked. */
const MOST_RECENT = 32;

/** A mark raised by a batch. `count` of its measurements were new; `first` and `last` are its ends. */
export function raisedMark(
  mark: Mark | undefined,
  of: { stream: StreamId; partition: string },
  batch: { first: PositionInPartition; last: PositionInPartition; count: number; now: number },
): Mark {
  const receivedCount = (mark?.receivedCount ?? 0) + batch.count;
  const [sequenceNumber] = batch.last;
  const before = (mark?.recent ?? []).filter(([at]) => at < sequenceNumber);
  return {
    ...mark,
    stream: of.stream,
    partition: of.partition,
    from: mark?.from ?? batch.first,
    through: batch.last,
    usedAt: batch.now,
    receivedCount,
    recent: [...before, [sequenceNumber, receivedCount] as const].slice(-MOST_RECENT),
  };
}

/** A mark less `excess` measurements that a batch ending at `last` turned out not to hold. */
export function correctedMark(mark: Mark, last: PositionInPartition, excess: number): Mark {
  const recent = mark.recent.map(([at, count]): CountAt => [at, at < last[0] ? count : count - excess]);
  return { ...mark, receivedCount: mark.receivedCount - excess, recent };
}

/**
 * How many measurements had been taken in of the events up to `sequenceNumber`, each counted once; undefined when that
 * lies too far back to tell.
 */
export function receivedThrough(mark: Mark, sequenceNumber: number): number | undefined {
  if (mark.from[0] > sequenceNumber) return 0;
  const isWhole = mark.through[0] <= sequenceNumber;
  const count = isWhole ? mark.receivedCount : mark.recent.findLast(([at]) => at <= sequenceNumber)?.[1];
  return count === undefined ? undefined : count - (mark.takenTwiceCount ?? 0);
}
