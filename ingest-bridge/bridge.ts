import type { CheckpointStore, EventHubConsumerClient } from '@azure/event-hubs';
import { setTimeout as rest } from 'node:timers/promises';
import type { StreamId } from '../core/position.ts';
import { streamIdOf } from '../core/position.ts';
import type { Health } from '../service/health-server.ts';
import type { Logger } from '../service/log.ts';
import { retryUntilDone } from '../service/retry.ts';
import { closeWithin } from '../service/within.ts';
import type { Ledgers } from '../stores/ledgers.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import type { Streams } from '../stores/streams.ts';
import { createCheckpointStore } from './checkpoint-store.ts';
import { currentStream } from './current-stream.ts';
import { CLOSE_WITHIN_MS, HubSubscription } from './hub-subscription.ts';
import type { PartitionHealth, PartitionIntakeDeps } from './partition-intake.ts';
import type { PartitionView } from './partition-watch.ts';
import { PartitionWatch } from './partition-watch.ts';

export interface BridgeDeps {
  /** A fresh client for a subscription, with the checkpoint store it is to use; a client without one only asks. */
  readonly connect: (checkpoints?: ReturnType<typeof createCheckpointStore>) => EventHubConsumerClient;
  readonly store: ObjectStore;
  readonly streams: Streams;
  readonly ledgers: Ledgers;
  readonly intake: Omit<PartitionIntakeDeps, 'lastEnqueued'>;
  readonly dispatchIntervalMs: number;
  readonly receiveBatchSize: number;
  readonly ownershipExpiryMs: number;
  readonly lagIntervalMs: number;
  /** A partition that nobody has read for so long is an alarm. */
  readonly unreadAfterMs: number;
  readonly log: Logger;
}

/** The SDK tries again at least every half a minute: an error older than this is over. */
const SHUT_OUT_MS = 60_000;

/**
 * Reads the hub and hands its events over, partition by partition. Any number of bridges share the partitions.
 */
export class Bridge {
  readonly #deps: BridgeDeps;
  readonly #abort = new AbortController();
  #subscription: HubSubscription | undefined;
  #watch: PartitionWatch | undefined;
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
    this.#subscription?.end();
  }

  health(): Health {
    const partitions = this.partitions();
    const isHeldUp = Object.values(partitions).some((partition) => partition.heldUp !== undefined);
    const unread = this.#unread();
    const unseenSince = this.#watch?.blindSince();
    return {
      ok: this.#subscription !== undefined && !isHeldUp && !this.#isShutOut(partitions),
      isDegraded: Object.keys(unread).length > 0 || unseenSince !== undefined,
      details: {
        stream: this.#subscription?.stream ?? null,
        partitions,
        ...(Object.keys(unread).length > 0 && { unreadPartitions: unread }),
        ...(unseenSince !== undefined && { hubUnseenSince: new Date(unseenSince).toISOString() }),
        ...(this.#lastError && { lastError: this.#lastError }),
      },
    };
  }

  /** The partitions that this bridge reads. */
  partitions(): Readonly<Record<string, PartitionHealth>> {
    return this.#subscription?.health() ?? {};
  }

  /** All partitions of the hub, as the last look found them. */
  views(): readonly PartitionView[] {
    return this.#watch?.views() ?? [];
  }

  /** Partitions that nobody has read for too long, each with since when, ISO 8601 UTC. */
  #unread(): Record<string, string> {
    const long = this.views().flatMap(({ partition, unreadSince }): [string, string][] => {
      const isLong = unreadSince !== undefined && Date.now() - unreadSince >= this.#deps.unreadAfterMs;
      return isLong ? [[partition, new Date(unreadSince).toISOString()]] : [];
    });
    return Object.fromEntries(long);
  }

  /** To read no partition is no trouble where others read them; with errors it is: a consumer group that is not there. */
  #isShutOut(partitions: Readonly<Record<string, unknown>>): boolean {
    const { at } = this.#lastError ?? {};
    return at !== undefined && Object.keys(partitions).length === 0 && Date.now() - Date.parse(at) < SHUT_OUT_MS;
  }

  async #runSubscription(): Promise<void> {
    const { connect, store, streams, ledgers, log, intake } = this.#deps;
    const { signal } = this.#abort;
    const ended = new AbortController();
    let watching: Promise<void> | undefined;
    const asking = connect();
    try {
      const stream = await retryUntilDone(() => currentStream(asking, streams, ledgers, log), {
        signal,
        onFailure: (error, attemptCount) => {
          this.#noteError(error);
          if (attemptCount === 1) log.warn({ err: error }, 'the hub cannot be asked; trying again');
        },
      });
      const checkpoints = createCheckpointStore(store, ledgers, intake.deployment, streamIdOf(stream));
      const consumer = connect(checkpoints);
      const noteError = (error: unknown): void => {
        this.#noteError(error);
      };
      this.#subscription = new HubSubscription({ ...this.#deps, asking, consumer, of: stream, noteError });
      if (signal.aborted) this.#subscription.end();
      this.#watch = this.#createWatch(asking, checkpoints, streamIdOf(stream));
      watching = this.#watch.run(ended.signal);
      await this.#subscription.run();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#subscription = undefined;
      this.#watch = undefined;
      ended.abort();
      await closeWithin(CLOSE_WITHIN_MS, async () => {
        await watching;
      });
      await closeWithin(CLOSE_WITHIN_MS, () => asking.close());
    }
  }

  #createWatch(hub: EventHubConsumerClient, checkpoints: CheckpointStore, stream: StreamId): PartitionWatch {
    const { ledgers, ownershipExpiryMs, lagIntervalMs, log } = this.#deps;
    return new PartitionWatch({
      hub,
      // Ours is of one hub and consumer group, and does not look at which it is asked for.
      ownerships: () => checkpoints.listOwnership(hub.fullyQualifiedNamespace, hub.eventHubName, ''),
      ownershipExpiryMs,
      owned: () => this.partitions(),
      ledger: async (partition) => (await ledgers.get(stream, partition))?.value,
      intervalMs: lagIntervalMs,
      log,
    });
  }

  #noteError(error: unknown): void {
    this.#lastError = { at: new Date().toISOString(), name: error instanceof Error ? error.name : 'unknown' };
  }
}
