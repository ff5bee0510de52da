import type { Sender } from 'rhea';
import { toAmqpError } from './amqp-error.ts';
import { withRuntimeMetrics } from './event.ts';
import type { Partition } from './partition.ts';
import { sendableCount, socketOf } from './rhea-internals.ts';

export interface SubscriptionOptions {
  readonly link: Sender;
  readonly partition: Partition;
  /** Sequence number of the first event to deliver. */
  readonly start: number;
  /** The owner level; undefined for a receiver that shares the partition. */
  readonly epoch: number | undefined;
  /** Whether each event shall say where its partition ends. */
  readonly withMetrics: boolean;
  readonly receiverName: string;
  readonly log: (line: string) => void;
}

/** Other links get their turn after so much. */
const MAX_EVENTS_PER_TURN = 512;
const MAX_BYTES_PER_TURN = 2 ** 20;
/** A client that grants credit but does not read must not fill this process's memory. */
const MAX_UNSENT_BYTES = 4 * 2 ** 20;

/** One receiver of one partition: delivers what is stored, in order, as far as the client's credit goes. */
export class Subscription {
  readonly epoch: number | undefined;
  readonly receiverName: string;
  readonly link: Sender;
  readonly #options: SubscriptionOptions;
  readonly #stopListening: () => void;
  #next: number;
  #isClosed = false;
  #isScheduled = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.receiverName = options.receiverName;
    this.link = options.link;
    this.#next = options.start;
    this.#stopListening = options.partition.onAppended(this.#deliver);
    this.link.on('sendable', this.#deliver);
    // A client may grant credit along with its attach: rhea would then write events before it has answered the attach.
    this.#resumeOn((resume) => setImmediate(resume));
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.link.removeListener('sendable', this.#deliver);
  }

  readonly #deliver = (): void => {
    if (this.#isClosed || this.#isScheduled) return;
    const socket = socketOf(this.link.connection);
    if (socket.writableLength > MAX_UNSENT_BYTES) {
      this.#resumeOn((resume) => socket.once('drain', resume));
      return;
    }
    try {
      if (this.#sendSome()) this.#resumeOn((resume) => setImmediate(resume));
    } catch (error) {
      this.#options.log(`delivery from partition ${this.#options.partition.id} failed: ${String(error)}`);
      this.link.close(toAmqpError(error));
    }
  };

  #resumeOn(schedule: (resume: () => void) => void): void {
    this.#isScheduled = true;
    schedule(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  /** @returns whether there is more that could go at once; without credit or room the link says when to go on */
  #sendSome(): boolean {
    const { link, partition } = this.#options;
    const { credit, room } = sendableCount(link);
    const possible = Math.min(credit, room);
    let byteCount = 0;
    for (let sent = 0; sent < possible; sent++) {
      if (sent === MAX_EVENTS_PER_TURN || byteCount > MAX_BYTES_PER_TURN) return true;
      this.#next = Math.max(this.#next, partition.firstSequenceNumber); // the retention may have passed it
      const event = partition.read(this.#next);
      if (event === undefined) return false;
      this.#next++;
      const data = this.#withMetrics(event.data);
      byteCount += data.length;
      link.send(data, undefined, 0);
    }
    return false;
  }

  #withMetrics(data: Buffer): Buffer {
    const { withMetrics, partition } = this.#options;
    const { last } = partition.state;
    return withMetrics && last !== undefined ? withRuntimeMetrics(data, last, Date.now()) : data;
  }
}
