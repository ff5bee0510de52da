import type { RetryPhase, RetrySettings } from './backoff.ts';
import type { OutcomeCounts } from './delivery.ts';
import { NO_OUTCOMES, totalOutcomes } from './delivery.ts';
import type { IngestErrorCode } from './errors.ts';
import type { MeasurementBatch } from './measurement-rows.ts';
import type { OperatorDecision, OperatorRequest } from './operator-request.ts';
import type { Mark } from './position.ts';
import type { WindowSettings } from './window.ts';

export interface PendingSettings extends WindowSettings {
  readonly retry: RetrySettings;
  /** One delivery takes about so many rows; the rest goes with the next, at once. */
  readonly maxDeliveryRows: number;
  /** And about so many bytes of them: Temporal refuses a payload of 2 MB. */
  readonly maxDeliveryBytes: number;
  /** Waiting rows beyond about so many bytes leave the state for the claim store. */
  readonly maxInlineBytes: number;
  /** A run hands on about so many bytes of rows at the most; Temporal ends a run that hands on 2 MB. */
  readonly maxCarriedBytes: number;
}

/** Inline batches that are to leave the state for the claim store: of a waiting group, or of the buffer. */
export interface OversizedPart {
  /** Absent: of the buffer. */
  readonly key?: string;
  readonly batches: readonly MeasurementBatch[];
}

/** What is known of a group that waits. Instants in milliseconds since 1970. */
export interface WaitingReason {
  readonly code: IngestErrorCode;
  readonly message: string;
  readonly phase: RetryPhase;
  readonly attemptCount: number;
  readonly since: number;
  readonly nextAttemptAt: number;
}

export interface WaitingGroup extends WaitingReason {
  readonly key: string;
  readonly batches: readonly MeasurementBatch[];
}

/** What a workflow has taken in and what became of it, all told. */
export interface PendingBook {
  readonly marks: readonly Mark[];
  readonly totals: OutcomeCounts;
  /** Measurements that came again and were left out. */
  readonly duplicateCount: number;
  /** Received under marks that have been dropped since. */
  readonly receivedUnderDroppedMarks: number;
  /** Ended runs whose book and measurements have been taken over: taking one over again changes nothing. */
  readonly recoveredRunIds: readonly string[];
  /** The latest of what operators asked for; a state of before has none. */
  readonly requests?: readonly OperatorRequest[];
  /** What operators decided of measurements that are held; a state of before has none. */
  readonly decisions?: readonly OperatorDecision[];
}

/** A request and how much of it is still to be done. */
export interface RequestState extends OperatorRequest {
  /** Measurements it concerned that are neither written nor dead-lettered yet. */
  readonly openCount: number;
}

/** What a continue-as-new carries over. A later version reads this one. */
export interface PendingState extends PendingBook {
  readonly version: 1;
  readonly buffer: readonly MeasurementBatch[];
  /** Milliseconds since 1970; absent while the buffer is empty. */
  readonly windowClosesAt?: number;
  readonly windowCount: number;
  readonly waiting: readonly WaitingGroup[];
}

export const NOTHING_PENDING: PendingState = {
  version: 1,
  marks: [],
  totals: NO_OUTCOMES,
  duplicateCount: 0,
  receivedUnderDroppedMarks: 0,
  recoveredRunIds: [],
  buffer: [],
  windowCount: 0,
  waiting: [],
};

/** `received` = `buffered` + `delivering` + `waiting` + all outcomes, always. */
export interface PendingCounts {
  readonly received: number;
  readonly duplicates: number;
  readonly buffered: number;
  readonly delivering: number;
  readonly waiting: number;
  readonly outcomes: OutcomeCounts;
}

/** Measurements taken in and not yet decided. */
export function heldCount(counts: PendingCounts): number {
  return counts.buffered + counts.delivering + counts.waiting;
}

/** True when every measurement taken in is accounted for. */
export function sumsAgree(counts: PendingCounts): boolean {
  return counts.received === heldCount(counts) + totalOutcomes(counts.outcomes);
}
