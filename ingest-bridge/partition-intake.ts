import { setTimeout as rest } from 'node:timers/promises';
import pLimit from 'p-limit';
import { approximateBytes } from '../core/batch-parts.ts';
import type { Ledger } from '../core/ledger.ts';
import { advanceLedger, applyVersion, emptyLedger, versionFor } from '../core/ledger.ts';
import type { Naming } from '../core/naming.ts';
import type { StreamId } from '../core/position.ts';
import type { Logger } from '../service/log.ts';
import type { Instruments } from '../service/metrics.ts';
import { retryUntilDone } from '../service/retry.ts';
import type { Claims } from '../stores/claims.ts';
import type { DeadLetters } from '../stores/dead-letters.ts';
import type { Versioned } from '../stores/json-object.ts';
import type { Ledgers } from '../stores/ledgers.ts';
import { StoreConflictError } from '../stores/object-store.ts';
import type { DeviceContents } from './active-content.ts';
import type { BackPressure } from './back-pressure.ts';
import type { Dispatch } from './dispatch.ts';
import type { DeviceSignals } from './device-signals.ts';
import { coalesce, toBatch } from './device-signals.ts';
import type { HubEvent } from './event-message.ts';
import { IntakeMeter } from './intake-meter.ts';
import type { Needed } from './intake-meter.ts';
import type { NormalizedEvents } from './normalize-events.ts';
import { normalizeEvents } from './normalize-events.ts';

export interface PartitionIntakeDeps {
  readonly deployment: string;
  readonly naming: Naming;
  readonly ledgers: Ledgers;
  readonly claims: Claims;
  readonly deadLetters: DeadLetters;
  readonly contents: DeviceContents;
  readonly dispatch: Dispatch;
  readonly backPressure: BackPressure;
  /** Last sequence number the hub has taken in for a partition; asked once the receiver is attached. */
  readonly lastEnqueued: (partition: string) => Promise<number>;
  readonly signalConcurrency: number;
  readonly metrics: Instruments<'ingest-bridge'>;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Workers that are back are not to be waited for: a look costs little. */
const HELD_BACK_REST_MS = 2_000;

/** What a partition is doing, for the health endpoint. */
export interface PartitionHealth {
  readonly sequenceNumber: number;
  readonly enqueuedAt?: string;
  /** When the hub took in the first event of the batch under way, ISO 8601 UTC; absent between batches. */
  readonly oldestUnderWay?: string;
  /** What it is held up by, and since when (ISO 8601 UTC); absent when all is well. */
  readonly heldUp?: { readonly by: Needed; readonly since: string; readonly attemptCount: number };
}

/**
 * Takes in one partition while this process owns it: normalizes, hands over to Temporal, keeps dead letters, and only
 * then moves the ledger. Whatever fails is tried again for ever: nothing behind the ledger is in danger meanwhile.
 */
export class PartitionIntake {
  readonly #deps: PartitionIntakeDeps;
  readonly #source: { stream: StreamId; partition: string };
  readonly #abort = new AbortController();
  readonly #meter: IntakeMeter;
  #ledger: Versioned<Ledger> | undefined;
  #ledgerVersion: string | undefined;
  /** What an earlier owner can have received at most: everything later is normalized by us alone. */
  #othersReached: number | undefined;
  /** What cannot be done at the moment, oldest first: of many things under way at once some may go well meanwhile. */
  readonly #heldUp = new Map<symbol, NonNullable<PartitionHealth['heldUp']>>();
  /** When the hub took in the first event of the batch under way, ISO 8601 UTC. */
  #oldestUnderWay: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: PartitionIntakeDeps, stream: StreamId, partition: string) {
    this.#deps = deps;
    this.#source = { stream, partition };
    this.#meter = new IntakeMeter(deps.metrics, partition);
  }

  /**
   * Resolves once the events are durable elsewhere and the ledger says so. One batch at a time, in order.
   *
   * @throws when it was stopped, or when it met a defect: the caller must then read the partition again from its ledger
   */
  async take(events: readonly HubEvent[]): Promise<void> {
    this.#abort.signal.throwIfAborted();
    this.#meter.received(events.length);
    this.#running = this.#takeBatch(events);
    await this.#running;
  }

  /** Pauses between batches; ends early when the intake is stopped. */
  async pause(ms: number): Promise<void> {
    if (this.#abort.signal.aborted || ms <= 0) return;
    await rest(ms, undefined, { signal: this.#abort.signal }).catch(() => undefined); // only the stop rejects it
  }

  /** Calls off what is under way and waits for it; the ledger stays where it was. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running.catch(() => undefined); // its caller has been told
  }

  health(): PartitionHealth {
    const ledger = this.#ledger?.value;
    const [heldUp] = this.#heldUp.values();
    return {
      sequenceNumber: ledger?.sequenceNumber ?? -1,
      ...(ledger?.enqueuedAt !== undefined && { enqueuedAt: ledger.enqueuedAt }),
      ...(this.#oldestUnderWay !== undefined && { oldestUnderWay: this.#oldestUnderWay }),
      ...(heldUp !== undefined && { heldUp }),
    };
  }

  async #takeBatch(events: readonly HubEvent[]): Promise<void> {
    const ledger = await this.#readyLedger();
    const fresh = events.filter((event) => event.sequenceNumber > ledger.sequenceNumber);
    if (fresh.length === 0) return;
    this.#oldestUnderWay = fresh[0]?.enqueuedAt;
    const normalized = await this.#normalize(ledger, fresh);
    await this.#handOver(normalized);
    await this.#persistently('the dead-letter store', () => this.#deps.deadLetters.add(normalized.deadLetters));
    await this.#advance(normalized);
    this.#oldestUnderWay = undefined;
  }

  /** The ledger, with a device content version recorded for every event still to come. */
  async #readyLedger(): Promise<Ledger> {
    const known = this.#ledger?.value ?? (await this.#persistently('the ledger', () => this.#readLedger()));
    this.#othersReached ??= await this.#persistently('Event Hubs', () =>
      this.#deps.lastEnqueued(this.#source.partition),
    );
    const active = await this.#persistently('the templates', () => this.#deps.contents.activeVersion());
    if (known.versions.at(-1)?.deviceContent === active) return known;
    return await this.#recordVersion(active);
  }

  /**
   * Records a version with the first sequence number nobody can have normalized with the one before: redelivered
   * events must yield the measurements they yielded the first time.
   */
  async #recordVersion(deviceContent: string): Promise<Ledger> {
    for (;;) {
      const ledger = this.#ledger?.value ?? emptyLedger(this.#source.stream, this.#source.partition);
      const last = ledger.versions.at(-1);
      const safeFrom = Math.max(ledger.sequenceNumber, this.#othersReached ?? -1, last?.fromSequenceNumber ?? -1) + 1;
      const fromSequenceNumber = last === undefined ? ledger.sequenceNumber + 1 : safeFrom;
      if (await this.#writeLedger(applyVersion(ledger, { fromSequenceNumber, deviceContent }))) {
        this.#deps.log.info({ ...this.#source, fromSequenceNumber, deviceContent }, 'device content version applies');
        return this.#ledger?.value ?? ledger;
      }
      if (this.#ledger?.value.versions.at(-1)?.deviceContent === deviceContent) return this.#ledger.value;
    }
  }

  async #normalize(ledger: Ledger, events: readonly HubEvent[]): Promise<NormalizedEvents> {
    const contents = new Map(
      await Promise.all(
        ledger.versions.map(async ({ deviceContent }) => {
          const content = await this.#persistently('the templates', () => this.#deps.contents.get(deviceContent));
          return [deviceContent, content] as const;
        }),
      ),
    );
    const contentFor = (sequenceNumber: number) => {
      const content = contents.get(versionFor(ledger, sequenceNumber) ?? '');
      if (content === undefined) throw new RangeError('Expected a device content version for every event');
      return content;
    };
    const failedAt = this.#deps.now().toISOString();
    return await normalizeEvents(this.#source, events, contentFor, failedAt, this.#abort.signal);
  }

  async #handOver(normalized: NormalizedEvents): Promise<void> {
    const { signalConcurrency, backPressure } = this.#deps;
    if (normalized.measurements.length > 0) {
      await this.#persistently('the workers', () => backPressure.awaitWorkers(), HELD_BACK_REST_MS);
    }
    const limit = pLimit(signalConcurrency);
    const signals = coalesce(this.#deps.naming, normalized.measurements);
    // All are waited for, even when one has been called off: whoever stops the intake may then close what they use.
    const results = await Promise.allSettled(signals.map((of) => limit(() => this.#signal(of))));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** In order: a later batch overtaking an earlier one would raise the mark above it. */
  async #signal({ batches, ...to }: DeviceSignals): Promise<void> {
    const { claims, dispatch, backPressure } = this.#deps;
    for (const rows of batches) {
      const batch = await this.#persistently('the claim store', () =>
        toBatch(this.#source, claims, to.workflowId, rows),
      );
      const bytes = approximateBytes([batch]);
      await this.#persistently(
        'the history of a workflow',
        () => backPressure.admit(to.workflowId, bytes),
        HELD_BACK_REST_MS,
      );
      await this.#persistently('Temporal', () => dispatch(to, batch));
    }
  }

  /** A lost race is no loss: whoever wrote had everything durable too, so the ledger moves on from there. */
  async #advance(normalized: NormalizedEvents): Promise<void> {
    for (;;) {
      const ledger = this.#ledger?.value ?? emptyLedger(this.#source.stream, this.#source.partition);
      const advanced = advanceLedger(ledger, normalized.outcomes);
      if (advanced === ledger) return;
      if (!(await this.#writeLedger(advanced))) continue;
      this.#meter.advanced(ledger, advanced, normalized, this.#deps.now());
      return;
    }
  }

  /** @returns false when somebody else has written since: the ledger has then been read again */
  async #writeLedger(ledger: Ledger): Promise<boolean> {
    return await this.#persistently('the ledger', async () => {
      try {
        const version = await this.#deps.ledgers.put(ledger, this.#ledgerVersion);
        this.#ledger = { value: ledger, version };
        this.#ledgerVersion = version;
        return true;
      } catch (error) {
        if (!(error instanceof StoreConflictError)) throw error;
        this.#deps.log.warn(this.#source, 'the ledger was written by another bridge: reading it again');
        await this.#readLedger();
        return false;
      }
    });
  }

  async #readLedger(): Promise<Ledger> {
    const { stream, partition } = this.#source;
    const stored = await this.#deps.ledgers.get(stream, partition);
    this.#ledger = stored ?? { value: emptyLedger(stream, partition), version: '' };
    this.#ledgerVersion = stored?.version;
    return this.#ledger.value;
  }

  async #persistently<T>(what: Needed, run: () => Promise<T>, maximumMs?: number): Promise<T> {
    const trouble = Symbol(what);
    const running = retryUntilDone(run, {
      signal: this.#abort.signal,
      ...(maximumMs !== undefined && { maximumMs }),
      onFailure: (error, attemptCount) => {
        const since = this.#heldUp.get(trouble)?.since ?? this.#deps.now().toISOString();
        this.#heldUp.set(trouble, { by: what, since, attemptCount });
        this.#meter.retries(what);
        if (attemptCount === 1 || attemptCount % 10 === 0) {
          this.#deps.log.warn(
            { ...this.#source, attemptCount, err: error },
            `intake is held up by ${what}; trying again`,
          );
        }
      },
    });
    return await running.finally(() => this.#heldUp.delete(trouble));
  }
}
