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

/** The stream as it stands in signals, marks and store keys. Replays use `replay/<letter id>/<n>`, recoveries `recover/<run id>`. */
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

/** Everything of a stream's partition up to `through` has been taken in. */
export interface Mark {
  readonly stream: StreamId;
  readonly partition: string;
  readonly through: PositionInPartition;
  /** Milliseconds since 1970: when the mark was last raised; marks of replays are dropped a day later. */
  readonly usedAt: number;
  /** How many measurements of this stream's partition were taken in, duplicates left out. */
  readonly receivedCount: number;
}
