import type { PartitionOwnership, PartitionProperties } from '@azure/event-hubs';
import { setTimeout as rest } from 'node:timers/promises';
import type { Ledger } from '../core/ledger.ts';
import type { Logger } from '../service/log.ts';
import { EnqueuedTimes } from './enqueued-times.ts';
import type { PartitionHealth } from './partition-intake.ts';

interface Options {
  readonly abortSignal: AbortSignal;
}

/** What is asked of the hub; the consumer client has it. */
interface WatchedHub {
  getEventHubProperties(options: Options): Promise<{ readonly partitionIds: readonly string[] }>;
  getPartitionProperties(partition: string, options: Options): Promise<PartitionProperties>;
}

export interface PartitionWatchDeps {
  readonly hub: WatchedHub;
  /** Who reads which partition, by the checkpoint store. */
  readonly ownerships: () => Promise<
    readonly Pick<PartitionOwnership, 'partitionId' | 'ownerId' | 'lastModifiedTimeInMs'>[]
  >;
  readonly ownershipExpiryMs: number;
  /** Of the partitions that this bridge reads. */
  readonly owned: () => Readonly<Record<string, PartitionHealth>>;
  /** The ledger of a partition, as the store has it. */
  readonly ledger: (partition: string) => Promise<LedgerPlace | undefined>;
  readonly intervalMs: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

type LedgerPlace = Pick<Ledger, 'sequenceNumber' | 'enqueuedAt'>;

/** A partition of the hub as the last look found it. */
export interface PartitionView {
  readonly partition: string;
  /** Since when nobody reads it, milliseconds since 1970; absent while somebody does. */
  readonly unreadSince?: number;
  /** Only of partitions that this bridge reads, and of those that nobody reads. */
  readonly lag?: { readonly events: number; readonly ms: number };
  /** When the hub took in the newest event of its ledger, ISO 8601 UTC; of the same partitions. */
  readonly handedOverAt?: string;
}

interface Watched {
  unreadSince?: number;
  readonly times: EnqueuedTimes;
  hub: PartitionProperties | undefined;
  /** Of a partition that nobody reads, or of which this bridge has not had an event yet; others it knows itself. */
  ledger: LedgerPlace | undefined;
}

function unseen(): Watched {
  return { times: new EnqueuedTimes(), hub: undefined, ledger: undefined };
}

/** A look older than so many intervals says nothing of the present any more. */
const STALE_AFTER_INTERVALS = 4;

/**
 * Looks now and then at all partitions of the hub: how far behind their ledgers are, and which of them nobody reads. Each
 * bridge looks for itself, so that one is enough to raise the alarm.
 */
export class PartitionWatch {
  readonly #deps: PartitionWatchDeps;
  readonly #now: () => number;
  readonly #partitions = new Map<string, Watched>();
  readonly #beganAt: number;
  #lookedAt: number | undefined;

  constructor(deps: PartitionWatchDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
    this.#beganAt = this.#now();
  }

  /** Looks until it is called off. */
  async run(signal: AbortSignal): Promise<void> {
    let failureCount = 0;
    const withinMs = STALE_AFTER_INTERVALS * this.#deps.intervalMs;
    while (!signal.aborted) {
      try {
        // The SDK tries for hours before it says that a hub does not answer; what takes longer than this is stale.
        await this.look(AbortSignal.any([signal, AbortSignal.timeout(withinMs)]));
        failureCount = 0;
      } catch (error) {
        failureCount += 1;
        this.#tell(error, failureCount, signal);
      }
      await rest(this.#deps.intervalMs, undefined, { signal }).catch(() => undefined); // only the stop rejects it
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    const { hub, ownerships, ownershipExpiryMs, owned } = this.#deps;
    const { partitionIds } = await hub.getEventHubProperties({ abortSignal: signal });
    const known = await ownerships();
    const now = this.#now();
    const isLive = (of: (typeof known)[number]): boolean =>
      of.ownerId !== '' && (of.lastModifiedTimeInMs ?? 0) + ownershipExpiryMs > now;
    const read = new Set(known.filter(isLive).map(({ partitionId }) => partitionId));
    for (const partition of this.#partitions.keys()) {
      if (!partitionIds.includes(partition)) this.#partitions.delete(partition);
    }
    for (const partition of partitionIds) {
      const watched = this.#partitions.get(partition) ?? unseen();
      this.#partitions.set(partition, watched);
      const ours = owned()[partition];
      if (ours !== undefined || read.has(partition)) delete watched.unreadSince;
      else watched.unreadSince ??= now;
      await this.#lookAt(partition, watched, ours, signal);
    }
    this.#lookedAt = now;
  }

  /** What a stop cuts off is no failure; a hub that is away is told of once, and by the intakes. */
  #tell(error: unknown, failureCount: number, { aborted }: AbortSignal): void {
    if (aborted || failureCount > 1) return;
    this.#deps.log.warn({ err: error }, 'the lag of the partitions cannot be read; trying again');
  }

  /**
   * When the last look came to its end, milliseconds since 1970, once that is too long ago; the beginning, as long as
   * none has. Nobody knows then how far behind the partitions are.
   */
  blindSince(): number | undefined {
    const since = this.#lookedAt ?? this.#beganAt;
    return this.#now() - since > STALE_AFTER_INTERVALS * this.#deps.intervalMs ? since : undefined;
  }

  /** Nothing, while the last look is too old to be true. */
  views(): PartitionView[] {
    const { owned } = this.#deps;
    if (this.blindSince() !== undefined) return [];
    const ours = owned();
    return [...this.#partitions].map(([partition, watched]) => {
      const { unreadSince, ledger } = watched;
      const lag = this.#lagOf(watched, ours[partition]);
      const handedOverAt = ours[partition]?.enqueuedAt ?? ledger?.enqueuedAt;
      return {
        partition,
        // It may have come to this bridge since the last look.
        ...(unreadSince !== undefined && ours[partition] === undefined && { unreadSince }),
        ...(lag !== undefined && { lag }),
        ...(handedOverAt !== undefined && { handedOverAt }),
      };
    });
  }

  /** What others read, they tell of. */
  async #lookAt(partition: string, watched: Watched, ours: PartitionHealth | undefined, signal: AbortSignal) {
    const isTold = ours !== undefined || watched.unreadSince !== undefined;
    const isUnknown = isTold && ours?.enqueuedAt === undefined;
    const ledger = isUnknown ? await this.#deps.ledger(partition) : undefined;
    const hub = isTold ? await this.#deps.hub.getPartitionProperties(partition, { abortSignal: signal }) : undefined;
    watched.ledger = ledger;
    watched.hub = hub;
    if (hub !== undefined) watched.times.note(hub.lastEnqueuedSequenceNumber, hub.lastEnqueuedOnUtc.getTime());
  }

  #lagOf({ hub, times, ledger }: Watched, ours: PartitionHealth | undefined): PartitionView['lag'] {
    if (hub === undefined) return undefined;
    const readTo = Math.max(ours?.sequenceNumber ?? -1, ledger?.sequenceNumber ?? -1);
    // What the hub has dropped unread is no lag any more.
    const from = Math.max(readTo, hub.beginningSequenceNumber - 1);
    const events = Math.max(0, hub.lastEnqueuedSequenceNumber - from);
    const underWayAt = ours?.oldestUnderWay === undefined ? undefined : Date.parse(ours.oldestUnderWay);
    const oldestAt = underWayAt ?? times.firstAfter(from);
    return { events, ms: oldestAt === undefined ? 0 : Math.max(0, this.#now() - oldestAt) };
  }
}
