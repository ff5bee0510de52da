import type { EventHubConsumerClient, PartitionContext, ReceivedEventData } from '@azure/event-hubs';
import { earliestEventPosition } from '@azure/event-hubs';
import type { Stream } from '../core/position.ts';
import { streamIdOf } from '../core/position.ts';
import type { Logger } from '../service/log.ts';
import { closeWithin } from '../service/within.ts';
import { readHubEvent } from './event-message.ts';
import type { PartitionHealth, PartitionIntakeDeps } from './partition-intake.ts';
import { PartitionIntake } from './partition-intake.ts';

export interface HubSubscriptionDeps {
  /** Reads; closed when the subscription ends. */
  readonly consumer: EventHubConsumerClient;
  /** Asks for properties. */
  readonly asking: EventHubConsumerClient;
  /** The life of the hub that is read. */
  readonly of: Stream;
  readonly intake: Omit<PartitionIntakeDeps, 'lastEnqueued'>;
  readonly dispatchIntervalMs: number;
  readonly receiveBatchSize: number;
  readonly log: Logger;
  readonly noteError: (error: unknown) => void;
}

/** Every intake has stopped by then: nothing depends on how a client's close ends. */
export const CLOSE_WITHIN_MS = 5_000;
/** How many times over what one handed-out batch holds is fetched ahead. */
const PREFETCHED_BATCHES = 2;
/** How often, while events come, the hub is asked whether it still is the one that was subscribed to. */
const ASK_EVERY_MS = 5_000;

/**
 * One subscription to one life of the hub, until it is ended or cannot go on.
 *
 * The SDK skips a batch whose handler throws a retryable error, and stops the partition for any other. So the handler
 * never throws: what it cannot finish ends the subscription, and the partition is read again from its ledger.
 */
export class HubSubscription {
  readonly #deps: HubSubscriptionDeps;
  /**
   * By the SDK's context, which is one for each time a partition is taken up: the close of an earlier time may come
   * after the begin of the next, and must not end that.
   */
  readonly #intakes = new Map<PartitionContext, PartitionIntake>();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #isEnded = false;
  #askedAt = performance.now();

  constructor(deps: HubSubscriptionDeps) {
    this.#deps = deps;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get stream(): string {
    return streamIdOf(this.#deps.of);
  }

  /** Asks it to end; `run` resolves once everything under way has stopped. */
  end(): void {
    this.#isEnded = true;
    this.#end();
  }

  async run(): Promise<void> {
    const { consumer, receiveBatchSize } = this.#deps;
    const subscription = consumer.subscribe(
      {
        processInitialize: (context) => this.#begin(context),
        processClose: (_reason, context) => this.#close(context),
        processEvents: (events, context) => this.#handle(events, context),
        processError: (error, context) => this.#onError(error, context),
      },
      {
        maxBatchSize: receiveBatchSize,
        // A short wait would add credit on idle partitions without bound (azure-sdk-for-js issue 39452).
        maxWaitTimeInSeconds: 60,
        prefetchCount: receiveBatchSize * PREFETCHED_BATCHES,
        startPosition: earliestEventPosition,
        skipParsingBodyAsJson: true,
      },
    );
    await this.#ended;
    await Promise.all([...this.#intakes.values()].map((intake) => intake.stop()));
    await closeWithin(CLOSE_WITHIN_MS, async () => {
      await subscription.close();
      await consumer.close();
    });
  }

  health(): Record<string, PartitionHealth> {
    return Object.fromEntries([...this.#intakes].map(([{ partitionId }, intake]) => [partitionId, intake.health()]));
  }

  async #begin(context: PartitionContext): Promise<void> {
    const { asking, intake, log } = this.#deps;
    const { partitionId } = context;
    const earlier = [...this.#intakes].filter(([of]) => of.partitionId === partitionId);
    await Promise.all(earlier.map(([of]) => this.#stop(of)));
    if (this.#isEnded) return;
    const lastEnqueued = async (partition: string): Promise<number> =>
      (await asking.getPartitionProperties(partition)).lastEnqueuedSequenceNumber;
    this.#intakes.set(context, new PartitionIntake({ ...intake, lastEnqueued }, this.stream, partitionId));
    log.info({ partition: partitionId }, 'reading partition');
  }

  async #close(context: PartitionContext): Promise<void> {
    await this.#stop(context);
    this.#deps.log.info({ partition: context.partitionId }, 'partition given up');
  }

  async #stop(context: PartitionContext): Promise<void> {
    const intake = this.#intakes.get(context);
    this.#intakes.delete(context);
    await intake?.stop();
  }

  async #handle(events: readonly ReceivedEventData[], context: PartitionContext): Promise<void> {
    if (this.#isEnded || events.length === 0) return;
    const { partitionId } = context;
    const intake = this.#intakes.get(context);
    const startedAt = performance.now();
    try {
      if (intake === undefined) throw new RangeError('Expected a partition to be begun before its events come');
      if (!(await this.#isSameHub())) return;
      await intake.take(events.map(readHubEvent));
    } catch (error) {
      // Ended, or given up, meanwhile: its stop is what was thrown here.
      if (this.#hasEnded() || (intake !== undefined && this.#intakes.get(context) !== intake)) return;
      const { log, noteError } = this.#deps;
      log.error({ partition: partitionId, err: error }, 'intake failed; the partition is read again from its ledger');
      noteError(error);
      await intake?.stop(); // nothing later of this subscription may pass over what was not finished
      this.end();
      return;
    }
    // A full batch means a backlog: it is drained without a pause.
    const pauseMs = this.#deps.dispatchIntervalMs - (performance.now() - startedAt);
    if (events.length < this.#deps.receiveBatchSize) await intake.pause(pauseMs);
  }

  #hasEnded(): boolean {
    return this.#isEnded;
  }

  /** A hub that was created anew while we read counts from zero again: its events must not be taken for the old one's. */
  async #isSameHub(): Promise<boolean> {
    if (performance.now() - this.#askedAt < ASK_EVERY_MS) return true;
    this.#askedAt = performance.now();
    const { asking, of, log } = this.#deps;
    // A hub that does not answer is not another one; the next batch asks again.
    const properties = await asking.getEventHubProperties().catch(() => undefined);
    if (properties === undefined || properties.createdOn.toISOString() === of.createdOn) return true;
    log.warn('the hub was created anew: subscribing again');
    this.end();
    return false;
  }

  /** The SDK mends its connections by itself; a position the hub does not know means that it has begun a new life. */
  #onError(error: Error, { partitionId }: PartitionContext): Promise<void> {
    this.#deps.noteError(error);
    this.#deps.log.warn({ partition: partitionId, err: error }, 'Event Hubs reported an error');
    if (/(offset|sequence number) .* is invalid/i.test(error.message)) this.end();
    return Promise.resolve();
  }
}
