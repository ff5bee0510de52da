import type { Device, Encounter } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { Assignment } from '../core/identity.ts';
import type { HistoryEntry, WithId } from './fhir-client.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import type { FhirServer } from './server-traits.ts';

type IdentityMode = 'Lookup' | 'LookupWithEncounter' | 'Create';

export interface IdentityDeps extends FhirServer {
  readonly fhirUrl: string;
  readonly mode: IdentityMode;
  /** System of the identifier by which Devices are found; empty: the identifier may have any. */
  readonly deviceIdentifierSystem: string;
  /** Whether a patient id in a message is held against the device's patient, in the mode Create as in others. */
  readonly checksPatientId: boolean;
  /** A reading older than this is assigned by the Device's history, not by its present patient. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/** An id that is blank counts as absent, as in the original. */
export function givenId(id: string | undefined): string | undefined {
  return id === undefined || id.trim() === '' ? undefined : id;
}

/** @throws IngestError DEVICE_AMBIGUOUS */
export async function findDevice(deps: IdentityDeps, deviceId: string): Promise<WithId<Device> | undefined> {
  const identifier = { system: deps.deviceIdentifierSystem, value: deviceId };
  const [device, ...others] = await findByIdentifier<Device>(deps.fhir, 'Device', identifier);
  if (others.length === 0) return device;
  throw new IngestError(
    'DEVICE_AMBIGUOUS',
    `Expected one Device with the identifier of these messages, found ${others.length + 1}`,
  );
}

/** @throws IngestError ENCOUNTER_ID_MISSING, ENCOUNTER_AMBIGUOUS, ENCOUNTER_NOT_FOUND */
export async function findEncounter(deps: IdentityDeps, encounterId: string | undefined): Promise<string | undefined> {
  const value = givenId(encounterId);
  if (value === undefined) {
    if (deps.mode !== 'LookupWithEncounter') return undefined;
    throw new IngestError(
      'ENCOUNTER_ID_MISSING',
      'Expected the messages to carry an encounter id, as LookupWithEncounter demands',
    );
  }
  const [encounter, ...others] = await findByIdentifier<Encounter>(deps.fhir, 'Encounter', { system: '', value });
  if (others.length > 0) {
    throw new IngestError(
      'ENCOUNTER_AMBIGUOUS',
      `Expected one Encounter with the identifier of these messages, found ${others.length + 1}`,
    );
  }
  if (encounter === undefined) {
    throw new IngestError(
      'ENCOUNTER_NOT_FOUND',
      'Expected an Encounter with the identifier of these messages; there is none',
    );
  }
  return encounter.id;
}

/** @throws IngestError DEVICE_WITHOUT_PATIENT */
export function presentAssignment(deps: IdentityDeps, device: WithId<Device>): Assignment {
  const patient = patientOf(deps.fhirUrl, device);
  if (patient !== undefined) return { device: device.id, patient };
  throw new IngestError(
    'DEVICE_WITHOUT_PATIENT',
    'Expected the Device to have a reference to its Patient (Device.patient)',
  );
}

/**
 * Whose the device was, version by version; neighbours of the same patient are one. Before its first patient it was
 * nobody's: what it measured then is the first patient's, who got it before it was registered. After that, a time
 * without a patient is nobody's.
 */
export async function assignmentsOf(deps: IdentityDeps, device: WithId<Device>): Promise<Assignment[]> {
  const history = (await deps.fhir.history<Device>('Device', device.id)) ?? [];
  const assignments: Assignment[] = [];
  let last: string | undefined;
  for (const { resource, lastUpdated } of history.toReversed()) {
    const patient = resource && patientOf(deps.fhirUrl, resource);
    if (patient === last) continue;
    const from = lastUpdated === undefined ? undefined : new Date(lastUpdated).toISOString();
    if (patient !== undefined) assignments.push({ device: device.id, patient, ...(from !== undefined && { from }) });
    else if (from !== undefined) assignments.push({ from, refused: 'DEVICE_WITHOUT_PATIENT' });
    last = patient;
  }
  if (assignments.length === 0) return assignmentsWithoutHistory(deps, device);
  return isWhole(history) ? assignments : [{ refused: 'DEVICE_HISTORY_MISSING' }, ...assignments];
}

/** Where versions are counted, one that begins later shows that earlier ones are not kept. */
function isWhole(history: readonly HistoryEntry<Device>[]): boolean {
  const { versionId = '' } = history.at(-1) ?? {};
  return versionId === '1' || !/^\d+$/.test(versionId);
}

/** What no server can tell any more is not guessed: since its last change the Device has been its present patient's. */
function assignmentsWithoutHistory(deps: IdentityDeps, device: WithId<Device>): Assignment[] {
  const present = presentAssignment(deps, device);
  const { versionId, lastUpdated } = device.meta ?? {};
  if (versionId === '1') return [present];
  if (lastUpdated === undefined) return [{ refused: 'DEVICE_HISTORY_MISSING' }];
  return [{ refused: 'DEVICE_HISTORY_MISSING' }, { ...present, from: new Date(lastUpdated).toISOString() }];
}

/** The id of the Patient a Device refers to, relatively or absolutely on the same server; a version does not matter. */
function patientOf(fhirUrl: string, device: Device): string | undefined {
  const reference = device.patient?.reference;
  if (reference === undefined) return undefined;
  const relative = reference.startsWith(`${fhirUrl}/`) ? reference.slice(fhirUrl.length + 1) : reference;
  return /^Patient\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/i.exec(relative)?.[1];
}
