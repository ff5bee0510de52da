import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { EndedRun } from '../core/ended-run.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import type { PendingBook, PendingCounts, PendingSettings, PendingState } from '../core/pending-state.ts';
import type { Assignment, IdentityIds, ResolvedIdentity } from '../core/identity.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import type { OperatorRequest, OperatorWord } from '../core/operator-request.ts';
import type { Mark } from '../core/position.ts';
import type { RetryPhase } from '../core/backoff.ts';

export interface DeviceMeasurementsSettings extends PendingSettings {
  /** Without work for so long the workflow completes. Milliseconds. */
  readonly idleAfterMs: number;
  /** How long a resolved identity is believed. Milliseconds. */
  readonly identityMaxAgeMs: number;
  /** After a delivery, a history with so many events is continued as new: replays must stay cheap. */
  readonly continueAsNewEvents: number;
  /** Task queue of the activities that talk to the FHIR server. */
  readonly fhirTaskQueue: string;
}

/** An identity the workflow has been told, and how long it believes it. Milliseconds since 1970. */
export interface KnownIdentity {
  readonly ids: IdentityIds;
  readonly assignments: readonly Assignment[];
  /** ISO 8601 UTC: earlier readings need another answer. */
  readonly coversFrom: string;
  readonly validUntil: number;
}

export interface DeviceMeasurementsInput {
  readonly deviceId: string;
  readonly type: string;
  readonly settings: DeviceMeasurementsSettings;
  /** What the run before this one carried over. */
  readonly carried?: { readonly pending: PendingState; readonly identities: readonly KnownIdentity[] };
}

/** Measurements from the ingest bridge, in position order; with the settings in force when it has not said them yet. */
export const measurementsSignal = defineSignal<[MeasurementBatch, DeviceMeasurementsSettings?]>('measurements');
/** Closes the open window now. */
export const flushNowSignal = defineSignal('flushNow');
/** Tries every waiting group now. */
export const retryNowSignal = defineSignal('retryNow');

/** Which of the groups that wait: one by its id, those of a code, or all. */
export interface GroupChoice {
  readonly group?: string;
  readonly code?: IngestErrorCode;
}

/** One group, and the FHIR ids of whose it is. */
export interface AssignRequest extends OperatorWord {
  readonly group: string;
  /** How many measurements it was seen to hold: what has joined it since is not to be assigned unseen. */
  readonly measurementCount: number;
  readonly to: ResolvedIdentity;
}

export interface DeadLetterRequest extends OperatorWord, GroupChoice {}

/** What was noted; the query `status` tells under this id what came of it. */
export interface Accepted {
  readonly requestId: string;
  /** How many measurements it concerns. */
  readonly measurementCount: number;
}

export const flushNowUpdate = defineUpdate<Accepted>('flushNow');
export const retryNowUpdate = defineUpdate<Accepted, [GroupChoice]>('retryNow');
export const assignUpdate = defineUpdate<Accepted, [AssignRequest]>('assign');
export const deadLetterUpdate = defineUpdate<Accepted, [DeadLetterRequest]>('deadLetter');

/**
 * Takes over what a run before this one had taken in. Refused when this run's own measurements do not begin where they
 * did when it was put together.
 *
 * @returns whether anything changed: taking over twice is taking over once
 */
export const recoverUpdate = defineUpdate<boolean, [EndedRun]>('recover');

export interface WorkflowStatus {
  readonly counts: PendingCounts;
  readonly marks: readonly Mark[];
  /** How many of the batches it holds lie in the claim store. */
  readonly claimCount: number;
  /** ISO 8601 UTC; absent while nothing is buffered. */
  readonly windowClosesAt?: string;
  /** The latest of what operators asked for, the newest last. */
  readonly requests: readonly RequestView[];
}

/** A request, and what came of it so far. */
export interface RequestView extends Omit<OperatorRequest, 'at'> {
  /** ISO 8601 UTC. */
  readonly at: string;
  /** Measurements it concerned that are neither written nor dead-lettered yet. */
  readonly openCount: number;
}

/** A group that waits, as shown to an operator. Instants are ISO 8601 UTC. */
export interface WaitingGroupView {
  /** By which an operator names it. */
  readonly id: string;
  readonly code: IngestErrorCode;
  readonly message: string;
  readonly phase: RetryPhase;
  readonly attemptCount: number;
  readonly measurementCount: number;
  /** When the earliest and the latest of its measurements were taken. */
  readonly from: string;
  readonly to: string;
  readonly since: string;
  readonly nextAttemptAt: string;
}

/** What the workflow holds, a page at a time. */
export interface HeldPage {
  readonly book: PendingBook;
  /** Batches from the asked index on, as many as one answer can carry. */
  readonly batches: readonly MeasurementBatch[];
  /** Index of the next page; absent on the last. */
  readonly next?: number;
}

export const statusQuery = defineQuery<WorkflowStatus>('status');
export const groupsQuery = defineQuery<WaitingGroupView[]>('groups');
export const heldQuery = defineQuery<HeldPage, [from: number]>('held');
