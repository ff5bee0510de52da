import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { DecryptionError } from '../core/decryption-error.ts';
import { IngestError } from '../core/errors.ts';
import { StoreConflictError, StoreUnavailableError } from '../stores/object-store.ts';

/**
 * An activity that rests holds up its workflow, deliveries and operators alike: a longer wait that the server asks for is
 * the waiting group's, which rests by itself.
 */
const LONGEST_DELAY_MS = 60_000;

/** Temporal tells a cancelled activity by its own error: it must reach Temporal as it is. */
export function rethrowCancellation(thrown: unknown): void {
  if (thrown instanceof CancelledFailure) throw thrown;
}

/**
 * The failure an activity ends with. Its `type` is the code of the catalogue, and nothing of a foreign error's text
 * comes along: Temporal stores failures and shows them. Always retryable: what cannot be mended by retrying is an
 * outcome, not a failure.
 */
export function toApplicationFailure(error: unknown): ApplicationFailure {
  const failure = asIngestError(error);
  const { retryAfterMs } = failure.details;
  return ApplicationFailure.create({
    type: failure.code,
    message: failure.message,
    details: [failure.details],
    ...(typeof retryAfterMs === 'number' &&
      retryAfterMs > 0 && { nextRetryDelay: Math.min(retryAfterMs, LONGEST_DELAY_MS) }),
  });
}

/** Any error as one of the catalogue; unknown ones keep their name only. */
export function asIngestError(error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  if (
    error instanceof StoreUnavailableError ||
    error instanceof StoreConflictError ||
    error instanceof DecryptionError
  ) {
    return new IngestError('STORE_UNAVAILABLE', error.message, {}, { cause: error });
  }
  const name = error instanceof Error ? error.name : typeof error;
  return new IngestError('UNEXPECTED', `An unexpected ${name} was thrown`, { name }, { cause: error });
}
