import { deterministicId } from './deterministic-id.ts';
import type { ResolvedIdentity } from './identity.ts';

/** The original's system: of the identifiers it gives, and of the codings that hold type and value names. */
export const CONNECTOR_SYSTEM = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';

export interface ObservationIdentifier {
  readonly system: string;
  readonly value: string;
  /** The resource id that follows from the identifier: 64 hexadecimal digits. */
  readonly id: string;
}

/**
 * The identifier that makes an upsert idempotent, the same that the original gives.
 *
 * @param name the measurement's type, in its own casing
 * @param idSegment the Observation's period or correlation id
 */
export function observationIdentifier(
  ids: Pick<ResolvedIdentity, 'device' | 'patient'>,
  name: string,
  idSegment: string,
): ObservationIdentifier {
  const value = `${ids.patient}.${ids.device}.${name}.${idSegment}`;
  return { system: CONNECTOR_SYSTEM, value, id: deterministicId(CONNECTOR_SYSTEM, value) };
}
