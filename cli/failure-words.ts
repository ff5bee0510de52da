import {
  isGrpcDeadlineError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { OperatorError } from '../core/operator-error.ts';

/** Why one of several was not done. */
export interface Refused {
  readonly refused: string;
}

/** What one of several answered, or why it did not: a failure of one holds up no other. */
export async function orRefused<Answer>(run: () => Promise<Answer>): Promise<Answer | Refused> {
  try {
    return await run();
  } catch (error) {
    const name = error instanceof Error ? error.name : 'an unknown error';
    return { refused: knownWords(error) ?? `it failed unexpectedly (${name})` };
  }
}

/** Temporal's own words may quote what they were given: it is told in ours. @returns undefined for a defect */
export function knownWords(error: unknown): string | undefined {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof WorkflowNotFoundError) return 'no open workflow has this id (batches list --all names them)';
  // A validator of ours refused it: its words name no reading and no patient.
  if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? 'it refused';
  if (isGrpcDeadlineError(error) || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return 'no answer within the time for one; is a worker running?';
  return error instanceof ServiceError ? 'Temporal could not be asked; is it up?' : undefined;
}
