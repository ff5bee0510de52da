import { conflict, notFound, OperationOutcomeError, preconditionFailed } from '@medplum/core';
import type { FhirTraits } from './behaviours.ts';
import { namesVersion } from './entity-tag.ts';
import type { VersionCondition } from './entity-tag.ts';

/** What must hold of the stored resource for a write to happen. */
export interface WriteConditions {
  ifMatch?: VersionCondition | undefined;
  ifNoneMatch?: VersionCondition | undefined;
}

/**
 * @param versionId of the resource that is stored; undefined when there is none, or it was deleted
 * @throws OperationOutcomeError 412 when a condition does not hold, or what the traits say instead
 */
export function requireConditions(
  traits: FhirTraits,
  { ifMatch, ifNoneMatch }: WriteConditions,
  versionId: string | undefined,
): void {
  if (ifNoneMatch !== undefined && namesVersion(ifNoneMatch, versionId)) {
    throw new OperationOutcomeError(preconditionFailed);
  }
  if (ifMatch === undefined || namesVersion(ifMatch, versionId)) return;
  if (versionId === undefined) refuseUnknown(traits);
  else if (traits.staleIfMatch === 412) throw new OperationOutcomeError(preconditionFailed);
  else throw new OperationOutcomeError(conflict('The version that If-Match names is not the newest'));
}

function refuseUnknown({ ifMatchOnUnknown }: FhirTraits): void {
  switch (ifMatchOnUnknown) {
    case 412:
      throw new OperationOutcomeError(preconditionFailed);
    case 404:
      throw new OperationOutcomeError(notFound);
    case 201:
      return; // as if there were no condition
  }
}
