import { expect, test } from '@jest/globals';
import type { Device, Encounter, Meta, Patient, Resource } from 'fhir/r4.js';
import type { FhirClient, HistoryEntry } from '../../../activities/fhir-client.ts';
import { createIdentityActivities } from '../../../activities/identity.ts';
import type { IdentityDeps } from '../../../activities/identity-lookup.ts';
import { ServerTraits } from '../../../activities/server-traits.ts';
import type { IdentityAnswer } from '../../../core/identity.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const FHIR_URL = 'https://fhir.example/r4';

const device = (id: string, patient?: string, value = 'dev'): Device => ({
  resourceType: 'Device',
  id,
  identifier: [{ value }],
  ...(patient !== undefined && { patient: { reference: patient } }),
});
const version = (lastUpdated: string, patient?: string): HistoryEntry<Device> => ({
  resource: device('d1', patient),
  versionId: lastUpdated,
  lastUpdated,
});

/** A server that holds these resources and finds all of a type, as one whose search is not exact. */
function holding(resources: readonly Resource[], history?: readonly HistoryEntry<Device>[]): FhirClient {
  const unused = (): never => {
    throw new RangeError('Identity only searches and reads histories');
  };
  return {
    search: (type) => Promise.resolve(resources.filter(({ resourceType }) => resourceType === type) as never),
    history: () => Promise.resolve(history === undefined ? undefined : ([...history].reverse() as never)),
    read: unused,
    put: unused,
    create: unused,
    delete: unused,
    capabilities: unused,
  };
}

async function resolve(
  fhir: FhirClient,
  options: Partial<IdentityDeps> & { from?: string; encounterId?: string; patientId?: string } = {},
): Promise<IdentityAnswer> {
  const { from = '2026-03-01T11:59:00Z', encounterId, patientId, ...deps } = options;
  const identity = createIdentityActivities({
    fhir,
    traits: new ServerTraits(),
    fhirUrl: FHIR_URL,
    mode: 'Lookup',
    checksPatientId: false,
    deviceIdentifierSystem: '',
    maxAgeMs: 300_000,
    now: () => NOW,
    ...deps,
  });
  return await identity.resolveIdentity('dev', {
    ids: { ...(encounterId !== undefined && { encounterId }), ...(patientId !== undefined && { patientId }) },
    from,
    to: from,
  });
}

test.each([
  { name: 'a relative reference', reference: 'Patient/p1' },
  { name: 'a reference to a version', reference: 'Patient/p1/_history/3' },
  { name: 'an absolute reference to the same server', reference: `${FHIR_URL}/Patient/p1` },
  { name: 'an absolute reference to a version', reference: `${FHIR_URL}/Patient/p1/_history/3f0c-1` },
])('names the patient of $name', async ({ reference }) => {
  expect(await resolve(holding([device('d1', reference)]))).toEqual({
    ok: true,
    assignments: [{ device: 'd1', patient: 'p1' }],
    coversFrom: '2026-03-01T11:55:00.000Z',
  });
});

const encounter = (id: string): Encounter =>
  ({ resourceType: 'Encounter', id, identifier: [{ value: 'e' }] }) as Encounter;

test.each([
  { name: 'no Device', held: [], code: 'DEVICE_NOT_FOUND' },
  {
    name: 'only a Device whose identifier differs in case',
    held: [device('d1', 'Patient/p', 'DEV')],
    code: 'DEVICE_NOT_FOUND',
  },
  { name: 'two Devices', held: [device('d1', 'Patient/p'), device('d2', 'Patient/q')], code: 'DEVICE_AMBIGUOUS' },
  { name: 'a Device without a patient', held: [device('d1')], code: 'DEVICE_WITHOUT_PATIENT' },
  {
    name: 'a patient on another server',
    held: [device('d1', 'https://other.example/Patient/p')],
    code: 'DEVICE_WITHOUT_PATIENT',
  },
  { name: 'no Encounter', held: [device('d1', 'Patient/p')], encounterId: 'e', code: 'ENCOUNTER_NOT_FOUND' },
  {
    name: 'two Encounters',
    held: [device('d1', 'Patient/p'), encounter('a'), encounter('b')],
    encounterId: 'e',
    code: 'ENCOUNTER_AMBIGUOUS',
  },
  {
    name: 'no encounter id where one is demanded',
    held: [device('d1', 'Patient/p')],
    mode: 'LookupWithEncounter' as const,
    code: 'ENCOUNTER_ID_MISSING',
  },
])('waits for the world with $name', async ({ held, code, name: _, ...options }) => {
  expect(await resolve(holding(held), options)).toMatchObject({ ok: false, code });
});

test('adds the encounter to every assignment', async () => {
  const answer = await resolve(holding([device('d1', 'Patient/p'), encounter('enc')]), { encounterId: 'e' });
  expect(answer).toMatchObject({ assignments: [{ patient: 'p', encounter: 'enc' }] });
});

test('assigns old readings by the history of the Device, times without a patient to nobody', async () => {
  const history = [
    version('2026-01-01T00:00:00Z'),
    version('2026-01-02T00:00:00Z', 'Patient/first'),
    version('2026-01-03T00:00:00Z', 'Patient/first'),
    version('2026-02-01T00:00:00Z'),
    version('2026-02-02T00:00:00Z', 'Patient/second'),
  ];
  const answer = await resolve(holding([device('d1', 'Patient/second')], history), { from: '2026-01-15T00:00:00Z' });
  expect(answer).toEqual({
    ok: true,
    coversFrom: '2026-01-15T00:00:00Z',
    assignments: [
      { device: 'd1', patient: 'first', from: '2026-01-02T00:00:00.000Z' },
      { from: '2026-02-01T00:00:00.000Z', refused: 'DEVICE_WITHOUT_PATIENT' },
      { device: 'd1', patient: 'second', from: '2026-02-02T00:00:00.000Z' },
    ],
  });
});

test('does not guess whose a device was before the history that the server has kept begins', async () => {
  const kept = [{ ...version('2026-02-01T00:00:00Z', 'Patient/p'), versionId: '7' }];
  const answer = await resolve(holding([device('d1', 'Patient/p')], kept), { from: '2026-01-15T00:00:00Z' });
  expect(answer).toMatchObject({
    assignments: [{ refused: 'DEVICE_HISTORY_MISSING' }, { patient: 'p', from: '2026-02-01T00:00:00.000Z' }],
  });
  const whole = [{ ...version('2026-02-01T00:00:00Z', 'Patient/p'), versionId: '1' }];
  expect(await resolve(holding([device('d1', 'Patient/p')], whole), { from: '2026-01-15T00:00:00Z' })).toMatchObject({
    assignments: [{ patient: 'p' }],
  });
});

test.each<{ name: string; meta?: Meta; assignments: readonly object[] }>([
  {
    name: 'since its last change it was the present one',
    meta: { versionId: '7', lastUpdated: '2026-02-01T00:00:00+00:00' },
    assignments: [
      { refused: 'DEVICE_HISTORY_MISSING' },
      { device: 'd1', patient: 'p', from: '2026-02-01T00:00:00.000Z' },
    ],
  },
  {
    name: 'of a first version it always was',
    meta: { versionId: '1', lastUpdated: '2026-02-01T00:00:00Z' },
    assignments: [{ device: 'd1', patient: 'p' }],
  },
  { name: 'nobody can tell where nothing is said', assignments: [{ refused: 'DEVICE_HISTORY_MISSING' }] },
])('does not guess the patient where the server shows no history: $name', async ({ meta, assignments }) => {
  const held = { ...device('d1', 'Patient/p'), ...(meta !== undefined && { meta }) };
  for (const history of [undefined, []]) {
    const answer = await resolve(holding([held], history), { from: '2020-01-01T00:00:00Z' });
    expect(answer).toEqual({ ok: true, assignments, coversFrom: '2020-01-01T00:00:00Z' });
  }
});

test.each([
  { checksPatientId: false, patientId: 'other', answer: { ok: true, assignments: [{ patient: 'p' }] } },
  { checksPatientId: true, patientId: 'other', answer: { ok: false, code: 'PATIENT_MISMATCH' } },
  { checksPatientId: true, patientId: 'own', answer: { ok: true, assignments: [{ patient: 'p' }] } },
  { checksPatientId: true, patientId: ' ', answer: { ok: true, assignments: [{ patient: 'p' }] } },
])(
  'checks a patient id in the mode Lookup on request: $checksPatientId, "$patientId"',
  async ({ answer, ...options }) => {
    const patient: Patient = { resourceType: 'Patient', id: 'p', identifier: [{ value: 'own' }] };
    expect(await resolve(holding([device('d1', 'Patient/p'), patient]), options)).toMatchObject(answer);
  },
);
