import type { EventStamp } from './event.ts';
import { recordBytes, type LogRecord } from './log-record.ts';
import type { LogSegment } from './log-segment.ts';

/** How far a partition has come. It outlives the events, so that numbers never start again. */
export interface PartitionState {
  readonly nextSequenceNumber: number;
  readonly nextOffset: number;
  /** The newest event that ever was; undefined before the first. */
  readonly last?: EventStamp;
}

/** A partition's events in one segment, contiguous by sequence number: where each record lies. */
interface Run {
  readonly segment: LogSegment;
  readonly firstSequenceNumber: number;
  readonly positions: number[];
  readonly byteCounts: number[];
}

/** One partition: the events its hub keeps, in order. Holds where they lie; the events themselves stay on disk. */
export class Partition {
  readonly id: string;
  readonly #listeners = new Set<() => void>();
  #runs: Run[] = [];
  #state: PartitionState = { nextSequenceNumber: 0, nextOffset: 0 };

  constructor(index: number) {
    this.id = String(index);
  }

  get state(): PartitionState {
    return this.#state;
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** Of the oldest kept event; the next to come if there is none. */
  get firstSequenceNumber(): number {
    return this.#runs[0]?.firstSequenceNumber ?? this.#state.nextSequenceNumber;
  }

  /** The event with this number; undefined if it is not kept any more, or yet to come. */
  read(sequenceNumber: number): LogRecord | undefined {
    const run = this.#runs.findLast(({ firstSequenceNumber }) => firstSequenceNumber <= sequenceNumber);
    if (run === undefined) return undefined;
    const index = sequenceNumber - run.firstSequenceNumber;
    const [position, byteCount] = [run.positions[index], run.byteCounts[index]];
    return position === undefined || byteCount === undefined ? undefined : run.segment.read(position, byteCount);
  }

  /**
   * The number of the first kept event for which `test` holds; the next to come if there is none.
   *
   * @param test must not turn false again behind an event for which it holds
   */
  find(test: (event: EventStamp) => boolean): number {
    let low = this.firstSequenceNumber;
    let high = this.#state.nextSequenceNumber;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const event = this.read(middle);
      if (event === undefined || test(event)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Calls `listener` whenever events have become readable. @returns how to stop that */
  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  restore(state: PartitionState): void {
    this.#state = state;
  }

  /** Makes a written record readable. */
  add(record: LogRecord, segment: LogSegment, position: number): void {
    this.#runIn(segment, record.sequenceNumber).positions.push(position);
    this.#runIn(segment, record.sequenceNumber).byteCounts.push(recordBytes(record));
    this.#state = stateAfter(record);
  }

  #runIn(segment: LogSegment, firstSequenceNumber: number): Run {
    const newest = this.#runs.at(-1);
    if (newest?.segment === segment) return newest;
    const run = { segment, firstSequenceNumber, positions: [], byteCounts: [] };
    this.#runs.push(run);
    return run;
  }

  forget(segment: LogSegment): void {
    this.#runs = this.#runs.filter((run) => run.segment !== segment);
  }
}

/** Offsets grow by the size of what is stored, in steps of eight. */
export function stateAfter({ sequenceNumber, offset, enqueuedAt, data }: LogRecord): PartitionState {
  const nextOffset = offset + Math.ceil(data.length / 8) * 8;
  return { nextSequenceNumber: sequenceNumber + 1, nextOffset, last: { sequenceNumber, offset, enqueuedAt } };
}
