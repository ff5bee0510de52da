import type { EventData, EventDataBatch, EventHubProducerClient } from '@azure/event-hubs';
import { OperatorError } from '../core/operator-error.ts';
import type { Health } from './health-server.ts';
import { PartitionLane } from './partition-lane.ts';
import { partitionOfKey } from './partition-key-hash.ts';
import { closeWithin } from './within.ts';

/** An event to be sent, its body as the bytes that are to arrive. */
export type OutgoingEvent = Omit<EventData, 'body'> & { readonly body: Uint8Array };

export interface HubProducerOptions {
  readonly client: EventHubProducerClient;
  /** Longest wait for the hub's word on a batch. */
  readonly sendWithinMs: number;
}

/** The event is larger than the hub takes any. */
export class EventTooLargeError extends OperatorError {
  override readonly name = 'EventTooLargeError';
}

/** The options of the SDK's client that go with this producer: a sender is told soon, and may try again himself. */
export const PRODUCER_RETRIES = { maxRetries: 2, retryDelayInMs: 300, maxRetryDelayInMs: 2000, timeoutInMs: 5000 };
/** A hub that has failed is looked at again by the next sender; health forgets the failure when none has come since. */
const FAILURE_LASTS_MS = 30_000;
const CLOSE_WITHIN_MS = 3000;
/** Properties and framing of an event are less. */
const ENVELOPE_BYTES = 64 * 1024;

interface HubLayout {
  readonly lanes: readonly PartitionLane[];
  readonly maxEventBytes: number;
}

/**
 * The way into the hub for sources that are not devices themselves. What comes while a batch is on its way goes together
 * with the next one: the busier, the larger the batches, and nobody waits for company.
 */
export class HubProducer {
  readonly #options: HubProducerOptions;
  #layout: Promise<HubLayout> | undefined;
  #nextInTurn = 0;
  #failure: { readonly at: number; readonly error: unknown } | undefined;

  constructor(options: HubProducerOptions) {
    this.#options = options;
  }

  /** Asks the hub for its partitions, unless they are known. @throws when it cannot be asked; the next call asks again */
  async open(): Promise<void> {
    await this.#known();
  }

  /**
   * Sends events in their order, behind all that were sent before with the same key. Events of a key meet in one
   * partition, the one where every SDK puts them.
   *
   * @returns how many the hub has acknowledged: all, or as many from the first on as went before it failed
   * @throws EventTooLargeError before anything is sent; and what the SDK throws, when no event was acknowledged
   */
  async send(events: readonly OutgoingEvent[], key?: string): Promise<number> {
    const outcomes = await this.#outcomes(events, key);
    const failed = outcomes.findIndex(({ status }) => status === 'rejected');
    if (failed < 0) return events.length;
    const outcome = outcomes[failed];
    if (failed === 0 && outcome?.status === 'rejected') throw lastOf(outcome.reason);
    return failed;
  }

  health(): Health {
    const { at, error } = this.#failure ?? {};
    if (at === undefined || Date.now() - at >= FAILURE_LASTS_MS) return { ok: true, details: {} };
    return { ok: false, details: { lastFailure: { at: new Date(at).toISOString(), ...namesOf(error) } } };
  }

  /** Sends what was handed over, then closes the client. */
  async close(): Promise<void> {
    const layout = await this.#layout?.catch(() => undefined); // nothing was sent then
    await Promise.all(layout?.lanes.map((lane) => lane.idle()) ?? []);
    await closeWithin(CLOSE_WITHIN_MS, () => this.#options.client.close());
  }

  async #outcomes(events: readonly OutgoingEvent[], key?: string): Promise<PromiseSettledResult<void>[]> {
    const layout = await this.#known();
    await this.#assertSendable(events, layout);
    const { lanes } = layout;
    const turn = key === undefined ? this.#nextInTurn++ : partitionOfKey(key, lanes.length);
    const lane = lanes[turn % lanes.length];
    if (lane === undefined) throw new RangeError('Expected a hub with at least one partition');
    const outcomes = await Promise.allSettled(events.map((event) => lane.send(event)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure === undefined) this.#failure = undefined;
    else this.#noteFailure(failure.reason);
    return outcomes;
  }

  async #known(): Promise<HubLayout> {
    const layout = (this.#layout ??= this.#readLayout());
    try {
      return await layout;
    } catch (error) {
      if (this.#layout === layout) this.#layout = undefined;
      this.#noteFailure(error);
      throw lastOf(error);
    }
  }

  async #readLayout(): Promise<HubLayout> {
    const { client, sendWithinMs } = this.#options;
    const abortSignal = AbortSignal.timeout(sendWithinMs);
    const ids = await client.getPartitionIds({ abortSignal });
    const { maxSizeInBytes } = await client.createBatch({ abortSignal });
    return { lanes: ids.map((id) => new PartitionLane(client, id, sendWithinMs)), maxEventBytes: maxSizeInBytes };
  }

  /** Only what is near the bound is measured: that encodes it once more. */
  async #assertSendable(events: readonly OutgoingEvent[], { maxEventBytes }: HubLayout): Promise<void> {
    for (const event of events.filter(({ body }) => body.length > maxEventBytes - ENVELOPE_BYTES)) {
      const isTooLarge = event.body.length > maxEventBytes;
      if (isTooLarge || !(await this.#emptyBatch()).tryAdd(event)) {
        throw new EventTooLargeError(`Expected a message that fits into an event of ${maxEventBytes} bytes`);
      }
    }
  }

  async #emptyBatch(): Promise<EventDataBatch> {
    const { client, sendWithinMs } = this.#options;
    return await client.createBatch({ abortSignal: AbortSignal.timeout(sendWithinMs) });
  }

  #noteFailure(error: unknown): void {
    this.#failure = { at: Date.now(), error: lastOf(error) };
  }
}

/** The SDK gathers the errors of its attempts, and of theirs, without a word of its own: the last one tells. */
function lastOf(error: unknown): unknown {
  const gathered: unknown = error instanceof Error && 'errors' in error ? error.errors : undefined;
  const errors: unknown[] = Array.isArray(gathered) ? gathered : [];
  return errors.length > 0 ? lastOf(errors.at(-1)) : error;
}

/** What may be shown to anybody: no words of the SDK, which may quote what it was given. */
function namesOf(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { name: 'unknown' };
  return { name: error.name, ...('code' in error && { code: String(error.code) }) };
}
