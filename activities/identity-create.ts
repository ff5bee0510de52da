import type { Device, Patient } from 'fhir/r4.js';
import { deterministicId } from '../core/deterministic-id.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import { IngestError } from '../core/errors.ts';
import { createOnce } from './create-once.ts';
import type { WithId } from './fhir-client.ts';
import type { BusinessIdentifier } from './find-by-identifier.ts';
import { carries, findByIdentifier } from './find-by-identifier.ts';
import type { IdentityDeps } from './identity-lookup.ts';
import { versionBefore } from './replaced-versions.ts';
import type { FhirServer } from './server-traits.ts';
import { readUnlessDeleted } from './server-traits.ts';
import { writeBack } from './write-back.ts';

/** Conflicts are settled by looking again; so many in a row mean that somebody else writes all the time. */
const MAX_ROUNDS = 6;

const CODES = {
  Device: { ambiguous: 'DEVICE_AMBIGUOUS', retired: 'DEVICE_RETIRED' },
  Patient: { ambiguous: 'PATIENT_AMBIGUOUS', retired: 'PATIENT_RETIRED' },
} as const satisfies Record<string, Record<string, IngestErrorCode>>;

/**
 * The id of the Patient with that identifier, made if there is none. Safe to repeat and against others who do the same.
 *
 * @throws IngestError PATIENT_AMBIGUOUS, PATIENT_RETIRED, IDENTITY_CONFLICT
 */
export async function ensurePatient(server: FhirServer, patientId: string): Promise<string> {
  const make: WithId<Patient> = {
    resourceType: 'Patient',
    id: deterministicId('', patientId),
    identifier: [{ value: patientId }],
  };
  const { id } = await ensure<Patient>(server, make, { system: '', value: patientId });
  return id;
}

/**
 * The Device with that identifier, made for that patient if there is none, given to that patient if it has none. It may
 * turn out to be another patient's.
 *
 * @param patient id of the FHIR Patient
 * @throws IngestError DEVICE_AMBIGUOUS, DEVICE_RETIRED, IDENTITY_CONFLICT
 */
export async function ensureDevice(deps: IdentityDeps, deviceId: string, patient: string): Promise<WithId<Device>> {
  const { fhir, deviceIdentifierSystem: system } = deps;
  const identifier = { system, value: deviceId };
  const given = { patient: { reference: `Patient/${patient}` } };
  const make: WithId<Device> = {
    resourceType: 'Device',
    id: deterministicId(system, deviceId),
    identifier: [system === '' ? { value: deviceId } : identifier],
    ...given,
  };
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const found = await ensure<Device>(deps, make, identifier);
    if (found.patient !== undefined) return found;
    const stored = await fhir.read<Device>('Device', found.id);
    if (typeof stored === 'string') continue;
    const device = { ...stored.resource, id: found.id };
    if (device.patient !== undefined) return device;
    const result = await writeBack<Device>(fhir, { ...device, ...given }, stored.versionId);
    if (result === 'deleted') throw retired('Device');
    if (result === 'written') return { ...device, ...given };
  }
  throw conflict('Device');
}

async function ensure<R extends Device | Patient>(
  server: FhirServer,
  make: WithId<R>,
  identifier: BusinessIdentifier,
): Promise<WithId<R>> {
  const { resourceType } = make;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const found = (await find(server, make, identifier)) ?? (await readOwn(server, make, identifier));
    if (found !== undefined) return found;
    const creation = await createOnce<R>(server, make, identifier);
    switch (creation.kind) {
      case 'created':
        if (creation.id !== undefined) return { ...make, id: creation.id };
        break;
      case 'exists': {
        // A search may not show it yet.
        const stored = creation.id === undefined ? 'absent' : await server.fhir.read<R>(resourceType, creation.id);
        if (typeof stored === 'object' && carries(stored.resource, identifier)) {
          return { ...stored.resource, id: creation.id ?? make.id };
        }
        break;
      }
      case 'replaced':
        await putBack(server, make, creation.versionId);
        break;
      case 'ambiguous':
        throw ambiguous(resourceType);
    }
  }
  throw conflict(resourceType);
}

async function find<R extends Device | Patient>(
  { fhir }: FhirServer,
  { resourceType }: R,
  identifier: BusinessIdentifier,
): Promise<WithId<R> | undefined> {
  const [found, ...others] = await findByIdentifier<R>(fhir, resourceType, identifier);
  if (others.length > 0) throw ambiguous(resourceType);
  return found;
}

/**
 * The one under the id that ours would have, which a search may not show yet. Whoever deleted it, or took its identifier
 * away, meant it: it is not made anew.
 */
async function readOwn<R extends Device | Patient>(
  server: FhirServer,
  { resourceType, id }: WithId<R>,
  identifier: BusinessIdentifier,
): Promise<WithId<R> | undefined> {
  if (server.traits.idsOf(resourceType) === 'assigned') return undefined;
  const stored = await readUnlessDeleted<R>(server, resourceType, id);
  if (stored === 'absent') return undefined;
  if (stored !== 'deleted' && carries(stored.resource, identifier)) return { ...stored.resource, id };
  throw retired(resourceType);
}

/** Our create has replaced what somebody had just made: theirs holds. A third who has written since has seen ours. */
async function putBack<R extends Device | Patient>(
  { fhir }: FhirServer,
  { resourceType, id }: WithId<R>,
  versionId: string | undefined,
): Promise<void> {
  const before = versionBefore((await fhir.history<R>(resourceType, id)) ?? [], versionId);
  if (before === undefined) return; // a server that answers so to every create
  if ((await writeBack<R>(fhir, { ...before, id }, versionId)) === 'deleted') throw retired(resourceType);
}

function retired(resourceType: keyof typeof CODES): IngestError {
  const message = `Expected the ${resourceType} that was made for this identifier not to be deleted, and to carry it`;
  return new IngestError(CODES[resourceType].retired, message);
}

function ambiguous(resourceType: keyof typeof CODES): IngestError {
  return new IngestError(
    CODES[resourceType].ambiguous,
    `Expected one ${resourceType} with the identifier of these messages, found several`,
  );
}

function conflict(resourceType: keyof typeof CODES): IngestError {
  return new IngestError(
    'IDENTITY_CONFLICT',
    `Expected to find or make one ${resourceType}, which changed under the hand ${MAX_ROUNDS} times in a row`,
  );
}
