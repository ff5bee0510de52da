import type { Device, Encounter } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { Assignment, IdentityAnswer, IdentityQuestion } from '../core/identity.ts';
import type { FhirClient } from './fhir-client.ts';
import { rethrowCancellation, toApplicationFailure } from './failures.ts';

type IdentityMode = 'Lookup' | 'LookupWithEncounter';

export interface IdentityDeps {
  readonly fhir: FhirClient;
  readonly fhirUrl: string;
  readonly mode: IdentityMode;
  /** System of the identifier by which Devices are found; empty: the identifier may have any. */
  readonly deviceIdentifierSystem: string;
  /** A reading older than this is assigned by the Device's history, not by its present patient. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/**
 * Device and patient of a reading, as of the reading.
 *
 * @see docs/pipeline.md for the modes
 */
export function createIdentityActivities(deps: IdentityDeps) {
  return {
    /** Reads only, so a retry is safe. What the world has to mend is an answer; only passing troubles are failures. */
    async resolveIdentity(deviceId: string, question: IdentityQuestion): Promise<IdentityAnswer> {
      try {
        return await resolve(deps, deviceId, question);
      } catch (error) {
        rethrowCancellation(error);
        if (error instanceof IngestError && error.kind === 'waiting') {
          return { ok: false, code: error.code, message: error.message };
        }
        throw toApplicationFailure(error);
      }
    },
  };
}

async function resolve(deps: IdentityDeps, deviceId: string, question: IdentityQuestion): Promise<IdentityAnswer> {
  const device = await findDevice(deps, deviceId);
  const encounter = await findEncounter(deps, question.ids.encounterId);
  const isOld = Date.parse(question.from) < deps.now() - deps.maxAgeMs;
  const assignments = isOld ? await assignmentsOf(deps, device) : [presentAssignment(deps, device)];
  return {
    ok: true,
    assignments: assignments.map((assignment) => ({ ...assignment, ...(encounter !== undefined && { encounter }) })),
    coversFrom: isOld ? question.from : new Date(deps.now() - deps.maxAgeMs).toISOString(),
  };
}

async function findDevice(deps: IdentityDeps, deviceId: string): Promise<Device & { id: string }> {
  const found = await findByIdentifier<Device>(deps, 'Device', deps.deviceIdentifierSystem, deviceId);
  const [device] = found;
  if (device?.id === undefined) {
    throw new IngestError('DEVICE_NOT_FOUND', 'Expected a Device with the identifier of these messages; there is none');
  }
  if (found.length > 1) {
    throw new IngestError(
      'DEVICE_AMBIGUOUS',
      `Expected one Device with the identifier of these messages, found ${found.length}`,
    );
  }
  return { ...device, id: device.id };
}

async function findEncounter(deps: IdentityDeps, encounterId: string | undefined): Promise<string | undefined> {
  if (encounterId === undefined || encounterId.trim() === '') {
    if (deps.mode !== 'LookupWithEncounter') return undefined;
    throw new IngestError(
      'ENCOUNTER_ID_MISSING',
      'Expected the messages to carry an encounter id, as LookupWithEncounter demands',
    );
  }
  const found = await findByIdentifier<Encounter>(deps, 'Encounter', '', encounterId);
  if (found.length > 1) {
    throw new IngestError(
      'ENCOUNTER_AMBIGUOUS',
      `Expected one Encounter with the identifier of these messages, found ${found.length}`,
    );
  }
  if (found[0]?.id === undefined) {
    throw new IngestError(
      'ENCOUNTER_NOT_FOUND',
      'Expected an Encounter with the identifier of these messages; there is none',
    );
  }
  return found[0].id;
}

/** Servers may compare without case, or only a beginning: what does not carry exactly this identifier is left out. */
async function findByIdentifier<R extends Device | Encounter>(
  deps: IdentityDeps,
  resourceType: R['resourceType'],
  system: string,
  value: string,
): Promise<R[]> {
  const token = system === '' ? escapeToken(value) : `${escapeToken(system)}|${escapeToken(value)}`;
  const found = await deps.fhir.search<R>(resourceType, { identifier: token });
  return found.filter((resource) =>
    (resource.identifier ?? []).some(
      (identifier) => identifier.value === value && (system === '' || identifier.system === system),
    ),
  );
}

/** @see https://hl7.org/fhir/R4/search.html#escaping */
function escapeToken(text: string): string {
  return text.replace(/[\\$,|]/g, (char) => `\\${char}`);
}

function presentAssignment(deps: IdentityDeps, device: Device & { id: string }): Assignment {
  const patient = patientOf(deps.fhirUrl, device);
  if (patient === undefined) {
    throw new IngestError(
      'DEVICE_WITHOUT_PATIENT',
      'Expected the Device to have a reference to its Patient (Device.patient)',
    );
  }
  return { device: device.id, patient };
}

/**
 * Whose the device was, version by version; neighbours of the same patient are one. Before its first patient it was
 * nobody's: what it measured then is the first patient's, who got it before it was registered. After that, a time
 * without a patient is nobody's.
 */
async function assignmentsOf(deps: IdentityDeps, device: Device & { id: string }): Promise<Assignment[]> {
  const history = (await deps.fhir.history<Device>('Device', device.id)) ?? [];
  const assignments: Assignment[] = [];
  let last: string | undefined;
  for (const { resource, lastUpdated } of history.toReversed()) {
    const patient = resource && patientOf(deps.fhirUrl, resource);
    if (patient === last) continue;
    const from = lastUpdated === undefined ? undefined : new Date(lastUpdated).toISOString();
    if (patient !== undefined) assignments.push({ device: device.id, patient, ...(from !== undefined && { from }) });
    else if (from !== undefined) assignments.push({ from, unassigned: true });
    last = patient;
  }
  return assignments.length === 0 ? [presentAssignment(deps, device)] : assignments;
}

/** The id of the Patient a Device refers to, relatively or absolutely on the same server. */
function patientOf(fhirUrl: string, device: Device): string | undefined {
  const reference = device.patient?.reference;
  if (reference === undefined) return undefined;
  const relative = reference.startsWith(`${fhirUrl}/`) ? reference.slice(fhirUrl.length + 1) : reference;
  return /^Patient\/([A-Za-z0-9\-.]{1,64})$/i.exec(relative)?.[1];
}
