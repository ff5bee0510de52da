import { getStatus } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';

const METHOD_NOT_ALLOWED_ID = 'method-not-allowed';

/** What a client hears that would name a resource itself, where the server names them all. */
export const idsAreAssigned: OperationOutcome = {
  resourceType: 'OperationOutcome',
  id: METHOD_NOT_ALLOWED_ID,
  issue: [{ severity: 'error', code: 'not-supported', diagnostics: 'This server assigns all ids: create with POST' }],
};

/** In the words of HAPI. */
export function missingReference(type: string, id: string, path: string): OperationOutcome {
  const diagnostics = `HAPI-1094: Resource ${type}/${id} not found, specified in path: ${path}`;
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'processing', diagnostics }] };
}

/** What a client hears of an error that is not its own. */
export const internalError: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'exception', details: { text: 'Internal server error' } }],
};

/** Medplum's statuses, and the one that it lacks. */
export function statusOf(outcome: OperationOutcome): number {
  return outcome.id === METHOD_NOT_ALLOWED_ID ? 405 : getStatus(outcome);
}
