import {
  applyPatch,
  badRequest,
  fhirpathPatchTypedValue,
  OperationOutcomeError,
  parseFhirPathPatchParameters,
  toTypedValue,
} from '@medplum/core';
import type { Operation } from '@medplum/core';
import type { Parameters, Resource } from '@medplum/fhirtypes';

/**
 * Changes the resource in place by a JSON Patch or a FHIRPath Patch.
 *
 * @throws OperationOutcomeError 400 for a patch that is malformed or does not apply
 */
export function applyFhirPatch(resource: Resource, patch: Operation[] | Parameters): void {
  try {
    if (Array.isArray(patch)) applyJsonPatch(resource, patch);
    else fhirpathPatchTypedValue(toTypedValue(resource), parseFhirPathPatchParameters(patch));
  } catch (error) {
    if (error instanceof OperationOutcomeError) throw error;
    throw new OperationOutcomeError(badRequest('Expected a patch that applies to the resource'), { cause: error });
  }
}

function applyJsonPatch(resource: Resource, patch: Operation[]): void {
  const failed = applyPatch(resource, patch).findIndex((error) => error !== null);
  if (failed >= 0) throw new OperationOutcomeError(badRequest(`Operation ${failed} of the patch does not apply`));
}
