import type { EventData, EventDataBatch, EventHubProducerClient } from '@azure/event-hubs';

interface WaitingEvent {
  readonly event: EventData;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sends to one partition, one batch after the other, so that events keep their order. */
export class PartitionLane {
  readonly #client: EventHubProducerClient;
  readonly #partitionId: string;
  readonly #sendWithinMs: number;
  readonly #waiting: WaitingEvent[] = [];
  /** Set for as long as `#run` looks at what waits, and not a moment longer: what comes after that begins another. */
  #running: Promise<void> | undefined;

  constructor(client: EventHubProducerClient, partitionId: string, sendWithinMs: number) {
    this.#client = client;
    this.#partitionId = partitionId;
    this.#sendWithinMs = sendWithinMs;
  }

  /** Resolves once the hub has acknowledged the event. After a failure it may have been taken in all the same. */
  send(event: EventData): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or on its way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is sent in the same breath goes in the same batch
    try {
      while (this.#waiting.length > 0) await this.#sendBatch();
    } finally {
      this.#running = undefined;
    }
  }

  /** What waits behind a failure is refused with it: it would meet the same, and must not overtake what is sent again. */
  async #sendBatch(): Promise<void> {
    const abortSignal = AbortSignal.timeout(this.#sendWithinMs);
    let taken: WaitingEvent[] = [];
    try {
      const batch = await this.#client.createBatch({ partitionId: this.#partitionId, abortSignal });
      taken = this.#fill(batch);
      await this.#client.sendBatch(batch, { abortSignal });
      for (const { resolve } of taken) resolve();
    } catch (error) {
      for (const { reject } of [...taken, ...this.#waiting.splice(0)]) reject(error);
    }
  }

  #fill(batch: EventDataBatch): WaitingEvent[] {
    const full = this.#waiting.findIndex(({ event }) => !batch.tryAdd(event));
    if (full === 0) throw new RangeError('Expected an event that fits into a batch of its own');
    return this.#waiting.splice(0, full < 0 ? this.#waiting.length : full);
  }
}
