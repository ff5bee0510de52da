import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import type { PendingCounts, PendingSettings, PendingState } from '../core/pending-state.ts';
import type { Assignment, IdentityIds } from '../core/identity.ts';
import type { IngestErrorCode } from '../core/errors.ts';
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

/** Measurements from the ingest bridge, in position order. */
export const measurementsSignal = defineSignal<[MeasurementBatch]>('measurements');
/** Closes the open window now. */
export const flushNowSignal = defineSignal('flushNow');
/** Tries every waiting group now. */
export const retryNowSignal = defineSignal('retryNow');

export interface WorkflowStatus {
  readonly counts: PendingCounts;
  readonly marks: readonly Mark[];
  /** ISO 8601 UTC; absent while nothing is buffered. */
  readonly windowClosesAt?: string;
}

/** A group that waits, as shown to an operator. Instants are ISO 8601 UTC. */
export interface WaitingGroupView {
  readonly key: string;
  readonly code: IngestErrorCode;
  readonly message: string;
  readonly phase: RetryPhase;
  readonly attemptCount: number;
  readonly measurementCount: number;
  readonly since: string;
  readonly nextAttemptAt: string;
}

export const statusQuery = defineQuery<WorkflowStatus>('status');
export const groupsQuery = defineQuery<WaitingGroupView[]>('groups');
