import { setImmediate as endOfTurn } from 'node:timers/promises';
import { syncFolder } from '../../stores/durable-file.ts';
import { stampGroup, takeGroup, type PendingAppend } from './append-group.ts';
import type { ParsedEvent } from './event.ts';
import { loadSegments } from './log-loader.ts';
import { encodeRecord, STATE_PARTITION } from './log-record.ts';
import { LogSegment } from './log-segment.ts';
import { Partition, type PartitionState } from './partition.ts';

export interface EventLogOptions {
  readonly partitionCount: number;
  /** What the log may take on disk; exceeded by at most one write. */
  readonly retentionBytes: number;
  readonly retentionMs: number;
  /** Acknowledge only what survives a loss of power, not just the end of the process. */
  readonly sync: boolean;
  readonly log: (line: string) => void;
}

/** Events are dropped by whole segments: an eighth of what is kept is the unit of forgetting. */
const SEGMENTS_KEPT = 8;
const MAX_SEGMENT_BYTES = 32 * 2 ** 20;

/**
 * The events of one hub: an append-only log in segments, kept by size and age. All appends of a turn of the event loop
 * are one write; only after it are they acknowledged and readable. Memory holds where each event lies, not the events.
 */
export class EventLog {
  readonly partitions: readonly Partition[];
  readonly #folder: string;
  readonly #options: EventLogOptions;
  readonly #segmentBytes: number;
  #segments: LogSegment[] = [];
  #segmentNumber = 0;
  readonly #pending: PendingAppend[] = [];
  #isCommitScheduled = false;
  #isClosed = false;
  /** Commits, retention and closing, one after another. */
  #work: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, options: EventLogOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(options.retentionBytes / SEGMENTS_KEPT));
    this.partitions = Array.from({ length: options.partitionCount }, (_, index) => new Partition(index));
  }

  /** Reads a log back. A torn tail is cut off. @throws on damage anywhere else */
  static async open(folder: string, options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(folder, options);
    const { segments, lastNumber } = await loadSegments(folder, log.partitions, options.log);
    log.#segments = segments;
    log.#segmentNumber = lastNumber;
    try {
      if (segments.length === 0) await log.#roll();
      await log.retain(Date.now());
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  get byteCount(): number {
    return this.#segments.reduce((sum, { byteCount }) => sum + byteCount, 0);
  }

  /** Resolves once the events are stored; only then receivers see them. Rejects if none of them is. */
  async append(partition: number, events: readonly ParsedEvent[]): Promise<void> {
    if (this.#isClosed) throw new Error('The event log is closed');
    const done = Promise.withResolvers<undefined>();
    this.#pending.push({ partition, events, done });
    if (!this.#isCommitScheduled) {
      this.#isCommitScheduled = true;
      void this.#exclusive(() => this.#commitPending());
    }
    await done.promise;
  }

  /** Drops what is too old or too much, by whole segments. @param now milliseconds since the epoch */
  async retain(now: number): Promise<void> {
    await this.#exclusive(async () => {
      const granularityMs = this.#options.retentionMs / SEGMENTS_KEPT;
      if ((this.#active.oldestAt ?? now) < now - granularityMs) await this.#roll();
      await this.#drop(now);
    });
  }

  /** Writes what is pending and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#exclusive(async () => {
      for (const segment of this.#segments) await segment.close();
    });
  }

  async #exclusive(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => undefined); // whoever asked gets the error; the next in line starts all the same
    await done;
  }

  get #active(): LogSegment {
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new Error('The event log has no segment');
    return segment;
  }

  get #states(): PartitionState[] {
    return this.partitions.map(({ state }) => state);
  }

  async #commitPending(): Promise<void> {
    await endOfTurn(); // the rest of this turn's appends join the write
    this.#isCommitScheduled = false;
    while (this.#pending.length > 0) {
      const group = takeGroup(this.#pending, this.#segmentBytes);
      try {
        await this.#commit(group);
        for (const { done } of group) done.resolve(undefined);
      } catch (error) {
        for (const { done } of group) done.reject(error);
      }
    }
  }

  async #commit(group: readonly PendingAppend[]): Promise<void> {
    if (this.#active.byteCount >= this.#segmentBytes) await this.#roll();
    const now = Date.now();
    const segment = this.#active;
    const records = stampGroup(group, this.#states, now);
    const encoded = records.map(encodeRecord);
    let position = segment.byteCount;
    await segment.append(Buffer.concat(encoded), this.#options.sync);
    for (const [index, record] of records.entries()) {
      this.partitions[record.partition]?.add(record, segment, position);
      position += encoded[index]?.length ?? 0;
    }
    segment.oldestAt ??= records[0]?.enqueuedAt;
    segment.newestAt = now;
    for (const partition of new Set(group.map((append) => append.partition))) this.partitions[partition]?.notify();
    await this.#drop(now).catch((error: unknown) => {
      this.#options.log(`events beyond the retention stay until the next try: ${String(error)}`);
    });
  }

  /** Starts a segment. Its first record says how far each partition had come, so that older ones can go. */
  async #roll(): Promise<void> {
    const data = Buffer.from(JSON.stringify(this.#states), 'utf8');
    const segment = await LogSegment.create(this.#folder, ++this.#segmentNumber);
    try {
      const state = { partition: STATE_PARTITION, sequenceNumber: 0, offset: 0, enqueuedAt: 0, data };
      await segment.append(encodeRecord(state), this.#options.sync);
      if (this.#options.sync) await syncFolder(this.#folder);
    } catch (error) {
      await segment.unlink(); // a segment without its beginning would count as damage
      await segment.close();
      throw error;
    }
    this.#segments.push(segment);
  }

  async #drop(now: number): Promise<void> {
    for (let oldest = this.#segments[0]; oldest !== undefined && oldest !== this.#active; oldest = this.#segments[0]) {
      const isTooOld = (oldest.newestAt ?? 0) < now - this.#options.retentionMs;
      if (!isTooOld && this.byteCount <= this.#options.retentionBytes) return;
      await oldest.unlink();
      this.#segments.shift();
      for (const partition of this.partitions) partition.forget(oldest);
      await oldest.close();
    }
  }
}
