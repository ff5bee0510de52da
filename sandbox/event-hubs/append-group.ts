import { stampEvent, type ParsedEvent } from './event.ts';
import type { LogRecord } from './log-record.ts';
import { stateAfter, type PartitionState } from './partition.ts';

/** Events that wait to be written, all for one partition; whoever sent them waits for `done`. */
export interface PendingAppend {
  /** Index of the partition. */
  readonly partition: number;
  readonly events: readonly ParsedEvent[];
  readonly done: PromiseWithResolvers<undefined>;
}

const MAX_EVENTS = 4096;

/**
 * Takes what goes into one write off the front of the queue: at least one append, beyond that as many as stay within
 * `maxBytes` and some thousand events.
 */
export function takeGroup(queue: PendingAppend[], maxBytes: number): PendingAppend[] {
  let [eventCount, byteCount, appendCount] = [0, 0, 0];
  for (const { events } of queue) {
    eventCount += events.length;
    byteCount += events.reduce((sum, { annotations, rest }) => sum + annotations.length + rest.length, 0);
    if (appendCount > 0 && (eventCount > MAX_EVENTS || byteCount > maxBytes)) break;
    appendCount++;
  }
  return queue.splice(0, appendCount);
}

/**
 * Numbers the events of a group, going on from where each partition is. Times never run backwards within a partition,
 * whatever the clock does.
 *
 * @param states by index of the partition; they stay as they are, so a write that fails has used no number
 * @param now milliseconds since the epoch
 */
export function stampGroup(
  group: readonly PendingAppend[],
  states: readonly PartitionState[],
  now: number,
): LogRecord[] {
  const current = [...states];
  return group.flatMap(({ partition, events }) =>
    events.map((event) => {
      const { nextSequenceNumber = 0, nextOffset = 0, last } = current[partition] ?? {};
      const enqueuedAt = Math.max(now, last?.enqueuedAt ?? 0);
      const stamp = { sequenceNumber: nextSequenceNumber, offset: nextOffset, enqueuedAt };
      const record = { partition, ...stamp, data: stampEvent(event, stamp) };
      current[partition] = stateAfter(record);
      return record;
    }),
  );
}
