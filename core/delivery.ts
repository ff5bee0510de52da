import type { IngestErrorCode } from './errors.ts';
import type { IdentityAnswer, IdentityIds } from './identity.ts';
import type { MeasurementBatch } from './measurement-rows.ts';
import type { OperatorDecision } from './operator-request.ts';

/** What the delivering activity is given: batches, and whose their readings are. */
export interface DeliveryInput {
  readonly deviceId: string;
  readonly type: string;
  readonly batches: readonly MeasurementBatch[];
  readonly identities: readonly { readonly ids: IdentityIds; readonly answer: IdentityAnswer }[];
  /** What operators decided of batches that name them. */
  readonly decisions?: readonly OperatorDecision[];
}

/** Half-open ranges of row indexes. */
export type RowRange = readonly [from: number, to: number];

/** Rows of an input batch that stay: all of them when `rows` is absent; `claimed` when they lie under a claim of their own. */
export type KeptRows =
  | { readonly batch: number; readonly rows?: readonly RowRange[] }
  | { readonly batch: number; readonly claimed: MeasurementBatch };

/** A group that could not be written: what it waits for, and its rows. */
export interface WaitingOutcome {
  /** Equal for the same patient, encounter, correlation and period; holds identifiers, so it stays inside payloads. */
  readonly key: string;
  readonly code: IngestErrorCode;
  /** In words, without a reading or a patient. */
  readonly message: string;
  /** The server asked for this much patience. */
  readonly retryAfterMs?: number;
  readonly rows: readonly KeptRows[];
}

/** Measurements by what became of them. */
export interface OutcomeCounts {
  /** Its values are in FHIR. */
  readonly written: number;
  /** Every mapped value gave way to a later one of the same instant and property. */
  readonly superseded: number;
  /** It carries no value that its mapping names. */
  readonly withoutValue: number;
  readonly deadLettered: number;
  /** Besides: samples, of measurements that count as written, that gave way to another of their slot. */
  readonly collidedSamples: number;
}

export interface DeliveryOutcome {
  readonly counts: OutcomeCounts;
  readonly observations: { readonly created: number; readonly updated: number; readonly unchanged: number };
  readonly waiting: readonly WaitingOutcome[];
  /** How many rows a partly taken-in claim really held, by batch. */
  readonly claimCounts: readonly { readonly batch: number; readonly count: number }[];
}

export const NO_OUTCOMES: OutcomeCounts = {
  written: 0,
  superseded: 0,
  withoutValue: 0,
  deadLettered: 0,
  collidedSamples: 0,
};

export function addOutcomes(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  return {
    written: a.written + b.written,
    superseded: a.superseded + b.superseded,
    withoutValue: a.withoutValue + b.withoutValue,
    deadLettered: a.deadLettered + b.deadLettered,
    collidedSamples: a.collidedSamples + b.collidedSamples,
  };
}

export function totalOutcomes(counts: OutcomeCounts): number {
  return counts.written + counts.superseded + counts.withoutValue + counts.deadLettered;
}

/** Ascending indexes as half-open ranges: `[1, 2, 3, 7]` is `[[1, 4], [7, 8]]`. */
export function rangesOf(indexes: readonly number[]): RowRange[] {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

/** Groups one workflow keeps apart while they wait; its state must not grow with their number. */
const MOST_GROUPS = 200;

/**
 * The key a waiting group is kept under: its own while there are few, else one for all further ones of the same code.
 * Nothing is lost by it: groups are made anew at every delivery.
 */
export function boundedKey(kept: ReadonlyMap<string, unknown>, key: string, code: IngestErrorCode): string {
  return kept.size < MOST_GROUPS || kept.has(key) ? key : `more ${code}`;
}
