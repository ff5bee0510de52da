import type { IngestErrorCode } from './errors.ts';
import type { MessageIds } from './measurement.ts';

/** Ids of FHIR resources, as against the business identifiers a message carries. */
export interface ResolvedIdentity {
  readonly device: string;
  readonly patient: string;
  readonly encounter?: string;
}

/**
 * Why what a device measured at a time is nobody's: it had been taken from its patient and not yet given to another, it
 * was the device of another patient than the message names, or nobody can tell any more whose it was.
 */
export type RefusalCode = Extract<
  IngestErrorCode,
  'DEVICE_WITHOUT_PATIENT' | 'PATIENT_MISMATCH' | 'DEVICE_HISTORY_MISSING'
>;

/** Whose the device was from an instant on (ISO 8601 UTC; absent: from the beginning), or why nobody's. */
export type Assignment = (ResolvedIdentity | { readonly refused: RefusalCode }) & { readonly from?: string };

/** What of a message decides its identity besides the device. */
export type IdentityIds = Pick<MessageIds, 'patientId' | 'encounterId'>;

/** Asks whose readings between two instants (ISO 8601 UTC) are. */
export interface IdentityQuestion {
  readonly ids: IdentityIds;
  readonly from: string;
  readonly to: string;
}

/** Assignments ascending by `from`, at least one; right for readings from `coversFrom` on (ISO 8601 UTC). */
export interface IdentityResolved {
  readonly ok: true;
  readonly assignments: readonly Assignment[];
  readonly coversFrom: string;
}

/** Why nobody can be named yet; `message` holds no patient. */
interface IdentityRefused {
  readonly ok: false;
  readonly code: IngestErrorCode;
  readonly message: string;
}

export type IdentityAnswer = IdentityResolved | IdentityRefused;

/** A text that is equal exactly for equal ids. */
export function identityKey(ids: IdentityIds): string {
  return JSON.stringify([ids.patientId ?? null, ids.encounterId ?? null]);
}

/** Whose a reading of that instant is: the last assignment that had begun, else the first there was. */
export function assignmentAt(
  answer: IdentityResolved,
  ticksOf: (text: string) => bigint,
  occurrence: bigint,
): Assignment {
  const begun = answer.assignments.filter(({ from }) => from === undefined || ticksOf(from) <= occurrence);
  const assignment = begun.at(-1) ?? answer.assignments[0];
  if (assignment === undefined) throw new RangeError('An identity has at least one assignment');
  return assignment;
}
