import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { IngestErrorCode } from '../core/errors.ts';
import { INGEST_ERRORS } from '../core/errors.ts';

export interface FailureReason {
  readonly code: IngestErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/**
 * What an activity failed of, by the catalogue.
 *
 * @returns undefined for anything that is no activity's failure: a defect of the workflow, or its cancellation
 */
export function failureReason(error: unknown): FailureReason | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isCode(cause.type)) {
    const retryAfterMs = retryAfter(cause.details);
    return { code: cause.type, message: cause.message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (cause instanceof TimeoutFailure) {
    return { code: 'FHIR_TIMEOUT', message: `The delivery did not come to an end in time (${cause.timeoutType})` };
  }
  return { code: 'UNEXPECTED', message: 'The delivery failed in a way the catalogue does not name' };
}

function isCode(type: string | undefined | null): type is IngestErrorCode {
  return typeof type === 'string' && type in INGEST_ERRORS;
}

function retryAfter(details: readonly unknown[] | undefined | null): number | undefined {
  const [first] = details ?? [];
  if (typeof first !== 'object' || first === null || !('retryAfterMs' in first)) return undefined;
  return typeof first.retryAfterMs === 'number' ? first.retryAfterMs : undefined;
}
