import type { Device, Patient } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { Assignment, IdentityAnswer, IdentityQuestion, RefusalCode } from '../core/identity.ts';
import type { WithId } from './fhir-client.ts';
import { rethrowCancellation, toApplicationFailure } from './failures.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import { ensureDevice, ensurePatient } from './identity-create.ts';
import type { IdentityDeps } from './identity-lookup.ts';
import { assignmentsOf, findDevice, findEncounter, givenId, presentAssignment } from './identity-lookup.ts';
import { refusalOf } from './refusals.ts';

/**
 * Device and patient of a reading, as of the reading.
 *
 * @see docs/pipeline.md for the modes
 */
export function createIdentityActivities(deps: IdentityDeps) {
  return {
    /**
     * Safe to repeat: what it makes, in the mode Create, it finds the next time. What the world has to mend is an answer;
     * only passing troubles are failures.
     */
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
  const { device, encounter, patient } = await (deps.mode === 'Create' ? findOrCreate : lookUp)(
    deps,
    deviceId,
    question,
  );
  const isOld = Date.parse(question.from) < deps.now() - deps.maxAgeMs;
  const known = isOld ? await assignmentsOf(deps, device) : [presentAssignment(deps, device)];
  const assignments = await withoutMismatches(deps, known, question, patient);
  return {
    ok: true,
    assignments: assignments.map((assignment) =>
      'refused' in assignment || encounter === undefined ? assignment : { ...assignment, encounter },
    ),
    coversFrom: isOld ? question.from : new Date(deps.now() - deps.maxAgeMs).toISOString(),
  };
}

interface Resolved {
  readonly device: WithId<Device>;
  readonly encounter: string | undefined;
  /** Of the message, if it has been looked for already: the id of the FHIR Patient. */
  readonly patient?: string;
}

async function lookUp(deps: IdentityDeps, deviceId: string, { ids }: IdentityQuestion): Promise<Resolved> {
  const device = await findDevice(deps, deviceId);
  if (device === undefined) {
    throw new IngestError('DEVICE_NOT_FOUND', 'Expected a Device with the identifier of these messages; there is none');
  }
  return { device, encounter: await findEncounter(deps, ids.encounterId) };
}

/** The encounter comes first: it is never made, and nothing is made for a message that has to wait anyway. */
async function findOrCreate(deps: IdentityDeps, deviceId: string, { ids }: IdentityQuestion): Promise<Resolved> {
  const found = await findDevice(deps, deviceId);
  const encounter = await findEncounter(deps, ids.encounterId);
  if (found?.patient !== undefined) return { device: found, encounter };
  const patientId = givenId(ids.patientId);
  if (patientId === undefined) {
    const message = 'Expected a Device with a Patient, or messages that carry a patient id, so that both can be made';
    throw new IngestError('PATIENT_ID_MISSING', message);
  }
  const patient = await ensurePatient(deps, patientId);
  return { device: await ensureDevice(deps, deviceId, patient), encounter, patient };
}

/**
 * A message's patient id must be one of the device's patient, always in the mode Create; mappings that were written for
 * the original may carry something else there in the others. Where it never was, the answer is a
 * refusal, which nobody believes for a while.
 *
 * @throws IngestError PATIENT_MISMATCH, DEVICE_WITHOUT_PATIENT
 */
async function withoutMismatches(
  { mode, checksPatientId, fhir }: IdentityDeps,
  assignments: readonly Assignment[],
  { ids }: IdentityQuestion,
  patient: string | undefined,
): Promise<readonly Assignment[]> {
  const value = givenId(ids.patientId);
  if (value === undefined || !(mode === 'Create' || checksPatientId)) return assignments;
  const found = await findByIdentifier<Patient>(fhir, 'Patient', { system: '', value });
  const named = new Set([...found.map(({ id }) => id), patient]);
  const checked = assignments.map((assignment): Assignment => {
    if ('refused' in assignment || named.has(assignment.patient)) return assignment;
    const { from } = assignment;
    return { refused: 'PATIENT_MISMATCH', ...(from !== undefined && { from }) };
  });
  const refusals = checked.flatMap((assignment): RefusalCode[] =>
    'refused' in assignment ? [assignment.refused] : [],
  );
  const last = refusals.at(-1);
  if (last !== undefined && refusals.length === checked.length) throw refusalOf(last);
  return checked;
}
