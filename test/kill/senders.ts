import { EventHubProducerClient } from '@azure/event-hubs';
import { setTimeout as rest } from 'node:timers/promises';
import type { Reading, TestDevice } from './readings.ts';
import { DEVICES, HOT_DEVICE, messageOf, readingOf } from './readings.ts';

export interface SendersOptions {
  readonly connectionString: string;
  readonly hub: string;
}

/** Short: an unacknowledged batch is sent again by us, for ever. */
const RETRY_OPTIONS = { maxRetries: 1, retryDelayInMs: 200, timeoutInMs: 3000 };
const RESEND_AFTER_MS = 300;

/**
 * The devices, sending until they are stopped. A reading counts as sent once the hub has acknowledged it; until then
 * it is sent again, as it is, and before the next of its device.
 */
export class Senders {
  /** Acknowledged readings. */
  readonly sent: Reading[] = [];
  /** Batches sent again since the hub had not acknowledged them. */
  resentCount = 0;
  readonly #producer: EventHubProducerClient;
  readonly #stopping = new AbortController();
  readonly #sending: Promise<void>[];
  #burst = 1;
  #isAbandoned = false;
  /** Resolved unless the devices pause. */
  #goingOn: PromiseWithResolvers<undefined> | undefined;
  /** Devices that have a batch under way. */
  readonly #busy = new Set<TestDevice>();

  constructor({ connectionString, hub }: SendersOptions) {
    this.#producer = new EventHubProducerClient(connectionString, hub, { retryOptions: RETRY_OPTIONS });
    this.#sending = DEVICES.map((device) => this.#send(device));
  }

  /** The hot device sends so many times as much. */
  burst(factor: number): void {
    this.#burst = factor;
  }

  /** Resolves once everything that was begun is acknowledged; nothing more is sent until `goOn`. */
  async pause(): Promise<void> {
    this.#goingOn ??= Promise.withResolvers<undefined>();
    while (this.#busy.size > 0) await rest(20);
  }

  goOn(): void {
    this.#goingOn?.resolve(undefined);
    this.#goingOn = undefined;
  }

  /** Last sequence number of each partition. */
  async lastSequenceNumbers(): Promise<ReadonlyMap<string, number>> {
    const partitions = await this.#producer.getPartitionIds();
    const last = partitions.map(async (partition): Promise<[string, number]> => {
      const { lastEnqueuedSequenceNumber } = await this.#producer.getPartitionProperties(partition);
      return [partition, lastEnqueuedSequenceNumber];
    });
    return new Map(await Promise.all(last));
  }

  /** Resolves once everything that was begun is acknowledged, unless it is abandoned. */
  async stop(how: 'in order' | 'abandoned' = 'in order'): Promise<void> {
    this.#isAbandoned = how === 'abandoned';
    this.#stopping.abort();
    this.goOn();
    await Promise.all(this.#sending);
    await this.#producer.close().catch(() => undefined); // everything is acknowledged
  }

  async #send(device: TestDevice): Promise<void> {
    const { signal } = this.#stopping;
    let previous: Reading | undefined;
    while (!signal.aborted) {
      await this.#goingOn?.promise;
      const batch: Reading[] = [];
      for (let count = device.batchSize * this.#factorOf(device); count > 0; count--) {
        previous = readingOf(device, (previous?.number ?? -1) + 1, previous?.at, Date.now());
        batch.push(previous);
      }
      this.#busy.add(device);
      await this.#sendUntilTaken(device, batch);
      this.#busy.delete(device);
      await rest(device.everyMs, undefined, { signal }).catch(() => undefined); // only the stop rejects it
    }
  }

  #factorOf({ deviceId }: TestDevice): number {
    return deviceId === HOT_DEVICE ? this.#burst : 1;
  }

  async #sendUntilTaken({ deviceId }: TestDevice, batch: readonly Reading[]): Promise<void> {
    const events = batch.map((reading) => ({ body: Buffer.from(messageOf(reading)) }));
    while (!this.#isAbandoned) {
      try {
        await this.#producer.sendBatch(events, { partitionKey: deviceId });
        this.sent.push(...batch);
        return;
      } catch {
        this.resentCount += 1; // whatever the reason, the hub has not said that it has them
        await rest(RESEND_AFTER_MS);
      }
    }
  }
}
