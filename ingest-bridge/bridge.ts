import type { EventHubConsumerClient, PartitionContext, ReceivedEventData, Subscription } from '@azure/event-hubs';
import { earliestEventPosition } from '@azure/event-hubs';
import { setTimeout as rest } from 'node:timers/promises';
import { streamIdOf } from '../core/position.ts';
import type { StreamId } from '../core/position.ts';
import type { Health } from '../service/health-server.ts';
import type { Logger } from '../service/log.ts';
import { retryUntilDone } from '../service/retry.ts';
import { closeWithin } from '../service/within.ts';
import type { Ledgers } from '../stores/ledgers.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import type { Streams } from '../stores/streams.ts';
import { createCheckpointStore } from './checkpoint-store.ts';
import { currentStream } from './current-stream.ts';
import { readHubEvent } from './event-message.ts';
import type { PartitionIntakeDeps } from './partition-intake.ts';
import { PartitionIntake } from './partition-intake.ts';

export interface BridgeDeps {
  /** A fresh client for a subscription, with the checkpoint store it is to use; a client without one only asks. */
  readonly connect: (checkpoints?: ReturnType<typeof createCheckpointStore>) => EventHubConsumerClient;
  readonly store: ObjectStore;
  readonly streams: Streams;
  readonly ledgers: Ledgers;
  readonly intake: Omit<PartitionIntakeDeps, 'lastEnqueued'>;
  readonly dispatchIntervalMs: number;
  readonly receiveBatchSize: number;
  readonly log: Logger;
}

/** Every intake has stopped by then: nothing depends on how a client's close ends. */
const CLOSE_WITHIN_MS = 5_000;
/** How many times over what one handed-out batch holds is fetched ahead. */
const PREFETCHED_BATCHES = 2;

/**
 * Reads the hub and hands its events over, partition by partition. Any number of bridges share the partitions.
 *
 * The SDK skips a batch whose handler throws a retryable error, and stops the partition for any other. So the handler
 * never throws: what it cannot finish ends its subscription, and the partition is read again from its ledger.
 */
export class Bridge {
  readonly #deps: BridgeDeps;
  readonly #abort = new AbortController();
  readonly #intakes = new Map<string, PartitionIntake>();
  #stream: StreamId | undefined;
  #restart: (() => void) | undefined;
  #lastError: { at: string; name: string } | undefined;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#runSubscription();
      await rest(1000, undefined, { signal }).catch(() => undefined); // only the stop rejects it
    }
  }

  /** Ends the subscription and waits for what is under way; ownership is given up, so that others need not wait. */
  stop(): void {
    this.#abort.abort();
    this.#restart?.();
  }

  health(): Health {
    const partitions = Object.fromEntries([...this.#intakes].map(([id, intake]) => [id, intake.health()]));
    const isHeldUp = Object.values(partitions).some((partition) => partition.heldUp !== undefined);
    return {
      ok: this.#stream !== undefined && !isHeldUp,
      details: { stream: this.#stream ?? null, partitions, ...(this.#lastError && { lastError: this.#lastError }) },
    };
  }

  async #runSubscription(): Promise<void> {
    const { connect, store, streams, ledgers, log, intake } = this.#deps;
    const { signal } = this.#abort;
    const ended = new Promise<void>((resolve) => (this.#restart = resolve));
    const asking = connect();
    try {
      const stream = await retryUntilDone(() => currentStream(asking, streams, ledgers, log), {
        signal,
        onFailure: (error, attemptCount) => {
          this.#noteError(error);
          if (attemptCount === 1) log.warn({ err: error }, 'the hub cannot be asked; trying again');
        },
      });
      this.#stream = streamIdOf(stream);
      const consumer = connect(createCheckpointStore(store, ledgers, intake.deployment, this.#stream));
      const subscription = this.#subscribe(consumer, asking);
      await ended;
      await Promise.all([...this.#intakes.values()].map((running) => running.stop()));
      await closeWithin(CLOSE_WITHIN_MS, async () => {
        await subscription.close();
        await consumer.close();
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await closeWithin(CLOSE_WITHIN_MS, () => asking.close());
      this.#intakes.clear();
    }
  }

  #subscribe(consumer: EventHubConsumerClient, asking: EventHubConsumerClient): Subscription {
    const { receiveBatchSize } = this.#deps;
    return consumer.subscribe(
      {
        processInitialize: (context) => this.#begin(context, asking),
        processClose: (_reason, context) => this.#end(context),
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
  }

  async #begin({ partitionId }: PartitionContext, asking: EventHubConsumerClient): Promise<void> {
    await this.#intakes.get(partitionId)?.stop();
    const stream = this.#stream;
    if (stream === undefined) return;
    const lastEnqueued = async (partition: string): Promise<number> =>
      (await asking.getPartitionProperties(partition)).lastEnqueuedSequenceNumber;
    this.#intakes.set(partitionId, new PartitionIntake({ ...this.#deps.intake, lastEnqueued }, stream, partitionId));
    this.#deps.log.info({ partition: partitionId }, 'reading partition');
  }

  async #end({ partitionId }: PartitionContext): Promise<void> {
    const intake = this.#intakes.get(partitionId);
    this.#intakes.delete(partitionId);
    await intake?.stop();
    this.#deps.log.info({ partition: partitionId }, 'partition given up');
  }

  async #handle(events: readonly ReceivedEventData[], { partitionId }: PartitionContext): Promise<void> {
    const intake = this.#intakes.get(partitionId);
    if (intake === undefined || events.length === 0) return;
    const startedAt = performance.now();
    try {
      await intake.take(events.map(readHubEvent));
    } catch (error) {
      if (this.#abort.signal.aborted || this.#intakes.get(partitionId) !== intake) return;
      this.#deps.log.error(
        { partition: partitionId, err: error },
        'intake failed; the partition is read again from its ledger',
      );
      this.#noteError(error);
      await intake.stop(); // nothing later of this subscription may pass over what was not finished
      this.#restart?.();
      return;
    }
    // A full batch means a backlog: it is drained without a pause.
    const pauseMs = this.#deps.dispatchIntervalMs - (performance.now() - startedAt);
    if (events.length < this.#deps.receiveBatchSize) await intake.pause(pauseMs);
  }

  /** The SDK mends its connections by itself; an offset the hub does not know means that the hub has begun a new life. */
  #onError(error: Error, { partitionId }: PartitionContext): Promise<void> {
    this.#noteError(error);
    this.#deps.log.warn({ partition: partitionId, err: error }, 'Event Hubs reported an error');
    if (/offset .* is invalid/i.test(error.message)) this.#restart?.();
    return Promise.resolve();
  }

  #noteError(error: unknown): void {
    this.#lastError = { at: new Date().toISOString(), name: error instanceof Error ? error.name : 'unknown' };
  }
}
