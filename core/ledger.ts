import type { StreamId } from './position.ts';

/** What became of events that were read; a measurement count is of measurements handed over to workflows. */
export interface LedgerCounts {
  readonly events: number;
  readonly measurements: number;
  /** Events no template matched. */
  readonly unmatched: number;
  /** Events that went to the dead-letter store as a whole. */
  readonly deadLettered: number;
  /** Events the hub numbered and never handed out: it had dropped them before they were read. */
  readonly missing: number;
}

/** Sequence numbers of events that are missing, both ends included. */
export type SequenceRange = readonly [from: number, to: number];

/** From `fromSequenceNumber` on, events are normalized with this device content version. */
export interface AppliedVersion {
  readonly fromSequenceNumber: number;
  /** Content hash of the device content template. */
  readonly deviceContent: string;
}

/**
 * The checkpoint of one partition of one stream, and its counts: one write, so that they cannot disagree. Everything
 * up to `sequenceNumber` is durable elsewhere.
 */
export interface Ledger {
  readonly version: 1;
  readonly stream: StreamId;
  readonly partition: string;
  /** -1 before the first event. */
  readonly sequenceNumber: number;
  /** Of that event, as Event Hubs gives it; absent before the first event. */
  readonly offset?: string;
  /** When the hub took that event in, ISO 8601 UTC. */
  readonly enqueuedAt?: string;
  readonly counts: LedgerCounts;
  /** The last few gaps in what the hub handed out; absent while there is none. */
  readonly gaps?: readonly SequenceRange[];
  /** Ascending by sequence number. */
  readonly versions: readonly AppliedVersion[];
}

/** What became of one event. */
export interface EventOutcome {
  readonly sequenceNumber: number;
  readonly offset: string;
  readonly enqueuedAt: string;
  readonly measurementCount: number;
  readonly kind: 'normalized' | 'unmatched' | 'dead-lettered';
}

export function emptyLedger(stream: StreamId, partition: string): Ledger {
  const counts = { events: 0, measurements: 0, unmatched: 0, deadLettered: 0, missing: 0 };
  return { version: 1, stream, partition, sequenceNumber: -1, counts, versions: [] };
}

/** The ledger after these events; those it has already passed are left out, so that a repeated advance changes nothing. */
export function advanceLedger(ledger: Ledger, outcomes: readonly EventOutcome[]): Ledger {
  return outcomes.reduce(advanceByOne, ledger);
}

const MOST_GAPS = 100;

function advanceByOne(ledger: Ledger, outcome: EventOutcome): Ledger {
  if (outcome.sequenceNumber <= ledger.sequenceNumber) return ledger;
  const { counts } = ledger;
  const gap = gapBefore(ledger, outcome.sequenceNumber);
  return {
    ...ledger,
    sequenceNumber: outcome.sequenceNumber,
    offset: outcome.offset,
    enqueuedAt: outcome.enqueuedAt,
    counts: {
      events: counts.events + 1,
      measurements: counts.measurements + outcome.measurementCount,
      unmatched: counts.unmatched + (outcome.kind === 'unmatched' ? 1 : 0),
      deadLettered: counts.deadLettered + (outcome.kind === 'dead-lettered' ? 1 : 0),
      missing: counts.missing + (gap === undefined ? 0 : gap[1] - gap[0] + 1),
    },
    ...(gap !== undefined && { gaps: [...(ledger.gaps ?? []), gap].slice(-MOST_GAPS) }),
  };
}

/** The hub numbers the events of a partition without gaps; what it had dropped before our first was never ours. */
function gapBefore(ledger: Ledger, sequenceNumber: number): SequenceRange | undefined {
  const expected = ledger.sequenceNumber + 1;
  return ledger.counts.events === 0 || sequenceNumber === expected ? undefined : [expected, sequenceNumber - 1];
}

/** The device content version an event is normalized with; undefined when none has been recorded for it yet. */
export function versionFor(ledger: Ledger, sequenceNumber: number): string | undefined {
  return ledger.versions.findLast((version) => version.fromSequenceNumber <= sequenceNumber)?.deviceContent;
}

/**
 * Records that a version applies from a sequence number on. Versions that no event still to come can need are dropped.
 *
 * @throws RangeError when it would change the version of events that another one was already recorded for
 */
export function applyVersion(ledger: Ledger, version: AppliedVersion): Ledger {
  const last = ledger.versions.at(-1);
  if (last?.deviceContent === version.deviceContent) return ledger;
  if (last !== undefined && version.fromSequenceNumber <= last.fromSequenceNumber) {
    throw new RangeError('A device content version can only follow the one recorded before it');
  }
  const current = ledger.versions.findLastIndex(
    ({ fromSequenceNumber }) => fromSequenceNumber <= ledger.sequenceNumber + 1,
  );
  return { ...ledger, versions: [...ledger.versions.slice(Math.max(current, 0)), version] };
}
