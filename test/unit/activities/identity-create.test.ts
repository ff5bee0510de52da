import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Device, Encounter, Patient } from 'fhir/r4.js';
import { createIdentityActivities } from '../../../activities/identity.ts';
import type { IdentityDeps } from '../../../activities/identity-lookup.ts';
import { ServerTraits } from '../../../activities/server-traits.ts';
import { deterministicId } from '../../../core/deterministic-id.ts';
import type { IdentityAnswer, IdentityIds } from '../../../core/identity.ts';
import type { Manner, Wire } from './memory-server.ts';
import { MemoryServer } from './memory-server.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const PATIENT_ID = deterministicId('', 'p');
const DEVICE_ID = deterministicId('', 'd');

const device = (more: Partial<Device> = {}): Device => ({
  resourceType: 'Device',
  id: 'd1',
  identifier: [{ value: 'd' }],
  ...more,
});
const ofPatient = (id: string): Partial<Device> => ({ patient: { reference: `Patient/${id}` } });
const patient = (id: string, value = 'p'): Patient => ({ resourceType: 'Patient', id, identifier: [{ value }] });

interface Asking extends Partial<Omit<IdentityDeps, 'fhir'>> {
  readonly from?: string;
  readonly wire?: Wire;
}

async function resolve(server: MemoryServer, ids: IdentityIds, options: Asking = {}): Promise<IdentityAnswer> {
  const { from = '2026-03-01T11:59:00Z', wire, ...deps } = options;
  const identity = createIdentityActivities({
    fhir: server.client(wire),
    traits: new ServerTraits(),
    fhirUrl: 'https://fhir.example',
    mode: 'Create',
    checksPatientId: false,
    deviceIdentifierSystem: '',
    maxAgeMs: 300_000,
    now: () => NOW,
    ...deps,
  });
  return await identity.resolveIdentity('d', { ids, from, to: from });
}

const idsOf = (answer: IdentityAnswer): unknown =>
  answer.ok ? answer.assignments.map(({ from: _, ...assignment }) => assignment) : answer.code;

const KEEP_IDS: { name: string; manner: Partial<Manner> }[] = [
  { name: 'one that follows the book', manner: {} },
  { name: 'HAPI', manner: { ifNoneMatch: 'ignored', ifMatchOfDeleted: 'created' } },
  {
    name: 'Medplum',
    manner: { ifNoneMatch: 'ignored', deleted: 'hidden', versions: 'uuids', history: 'oldest first' },
  },
  {
    name: 'one whose versions are of one instant',
    manner: { ifNoneMatch: 'ignored', versions: 'uuids', times: 'one' },
  },
];
const GIVE_IDS: { name: string; manner: Partial<Manner> }[] = [
  { name: 'one that refuses ids', manner: { clientIds: 'refused' } },
  { name: 'one that refuses ids and states it', manner: { clientIds: 'refused, stated', versions: 'uuids' } },
];

test.each([
  ['', 'patientId', 'bf7c741785b9bbaa3e63dd3637c0acb9caa211351ff2ca17d9474c20c1cdb683'],
  ['mySystem', 'deviceId', 'fd6eb28968a94406c73e4c3b6f05a142f71e3a1a27f3cf9435019cae48069afa'],
  ['', 'deviceId', '96b1d91b8c1066c6093f8699cbd01fd2e9e8956cbad873307dcbd44449aafd13'],
])('of system "%s" and value "%s" the original makes the same id', (system, value, id) => {
  expect(deterministicId(system, value)).toBe(id);
});

describe.each(KEEP_IDS)('on $name', ({ manner }) => {
  test('Patient and Device are made under their own ids, and found the next time', async () => {
    const server = new MemoryServer(manner);
    for (let i = 0; i < 2; i++) {
      const answer = await resolve(server, { patientId: 'p' }, { deviceIdentifierSystem: 'sys' });
      expect(idsOf(answer)).toEqual([{ device: deterministicId('sys', 'd'), patient: PATIENT_ID }]);
    }
    expect(server.all('Patient')).toEqual([patient(PATIENT_ID)]);
    expect(server.all('Device')).toEqual([
      {
        resourceType: 'Device',
        id: deterministicId('sys', 'd'),
        identifier: [{ system: 'sys', value: 'd' }],
        patient: { reference: `Patient/${PATIENT_ID}` },
      },
    ]);
  });

  test.each(['Patient', 'Device'] as const)('a %s that somebody deleted is not made anew', async (resourceType) => {
    const server = new MemoryServer(manner);
    await resolve(server, { patientId: 'p' });
    server.delete(resourceType, resourceType === 'Patient' ? PATIENT_ID : DEVICE_ID);
    // The Device must be in want of a patient, or the patient is not asked for.
    if (resourceType === 'Patient') server.write(device({ id: DEVICE_ID }));
    expect(idsOf(await resolve(server, { patientId: 'p' }))).toBe(`${resourceType.toUpperCase()}_RETIRED`);
    expect(server.all(resourceType)).toEqual([]);
  });

  test('a Device that was deleted after it was read is not brought back', async () => {
    const server = new MemoryServer(manner);
    server.write(device());
    const wire: Wire = {
      before: (operation, resourceType) => {
        if (operation === 'put' && resourceType === 'Device') server.delete('Device', 'd1');
      },
    };
    const answer = await resolve(server, { patientId: 'p' }, { wire });
    expect(answer.ok).toBe(manner.ifMatchOfDeleted === undefined);
    expect(server.all<Device>('Device').map(({ id }) => id)).not.toContain('d1');
  });

  test('a Device that another had just made for another patient is put back, and the message waits', async () => {
    const server = new MemoryServer(manner);
    const rival = device({ id: DEVICE_ID, ...ofPatient('other'), note: [{ text: 'on loan' }] });
    let isFirst = true;
    const wire: Wire = {
      before: (operation, resourceType) => {
        if (operation !== 'put' || resourceType !== 'Device' || !isFirst) return;
        isFirst = false;
        server.write(rival);
      },
    };
    expect(idsOf(await resolve(server, { patientId: 'p' }, { wire }))).toBe('PATIENT_MISMATCH');
    expect(server.all('Device')).toEqual([rival]);
  });
});

describe.each([...KEEP_IDS, ...GIVE_IDS])('on $name', ({ manner }) => {
  test('workflows of one device that begin at once make one Patient and one Device, whoever dies', async () => {
    const lives = fc.array(fc.oneof(fc.constant(Infinity), fc.nat(10)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), lives, async (scheduler, diesAfter) => {
        const server = new MemoryServer(manner);
        const asked = diesAfter.map((last) => {
          let count = 0;
          const after = (): void => {
            if ((count += 1) > last) throw new Error('The connection broke');
          };
          const wire: Wire = { before: () => scheduler.schedule(Promise.resolve()), after };
          return resolve(server, { patientId: 'p' }, { wire });
        });
        const ended = await scheduler.waitFor(Promise.allSettled(asked));
        const answers = ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
        const last = idsOf(await resolve(server, { patientId: 'p' }));
        expect(last).toHaveLength(1);
        expect(answers.map(idsOf)).toEqual(answers.map(() => last));
        expect([server.all('Patient').length, server.all('Device').length]).toEqual([1, 1]);
      }),
      { numRuns: 150 },
    );
  });

  test('workflows of one device with messages of two patients never both get their way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const server = new MemoryServer(manner);
        const wire: Wire = { before: () => scheduler.schedule(Promise.resolve()) };
        const asked = ['p', 'q'].map((patientId) => resolve(server, { patientId }, { wire }));
        const answers = await scheduler.waitFor(Promise.all(asked));
        const owners = answers.flatMap((answer) => (answer.ok ? [JSON.stringify(answer.assignments)] : []));
        expect(new Set(owners).size).toBeLessThan(2);
        const codes = [];
        for (const patientId of ['p', 'q']) codes.push((await resolve(server, { patientId })).ok);
        expect(codes.filter((ok) => ok)).toHaveLength(1);
        expect(server.all('Device')).toHaveLength(1);
      }),
      { numRuns: 150 },
    );
  });

  test('a Device without a patient is given the message’s, and keeps what else it says', async () => {
    const server = new MemoryServer(manner);
    server.write(device({ note: [{ text: 'left wrist' }] }));
    expect(idsOf(await resolve(server, { patientId: 'p' }))).toMatchObject([{ device: 'd1' }]);
    const [made] = server.all<Patient>('Patient');
    expect(server.all('Device')).toEqual([device({ note: [{ text: 'left wrist' }], ...ofPatient(made?.id ?? '') })]);
  });
});

describe('the mode Create', () => {
  test('takes a Patient that is there already, by whatever system', async () => {
    const server = new MemoryServer();
    const known: Patient = { ...patient('p1'), identifier: [{ system: 'urn:mrn', value: 'p' }] };
    server.write(known);
    expect(idsOf(await resolve(server, { patientId: 'p' }))).toEqual([{ device: DEVICE_ID, patient: 'p1' }]);
    expect(server.all('Patient')).toEqual([known]);
  });

  test('makes nothing where Lookup finds all it needs', async () => {
    const server = new MemoryServer();
    server.write(device(ofPatient('p1')));
    expect(idsOf(await resolve(server, {}))).toEqual([{ device: 'd1', patient: 'p1' }]);
    expect(server.all('Patient')).toEqual([]);
  });

  test('resolves the encounter too', async () => {
    const server = new MemoryServer();
    server.write({ resourceType: 'Encounter', id: 'e1', identifier: [{ value: 'e' }] } as Encounter);
    const answer = await resolve(server, { patientId: 'p', encounterId: 'e' });
    expect(idsOf(answer)).toEqual([{ device: DEVICE_ID, patient: PATIENT_ID, encounter: 'e1' }]);
  });

  const seeded: { name: string; held: (Device | Patient)[]; ids: IdentityIds; code: string }[] = [
    { name: 'no Device and no patient id', held: [], ids: {}, code: 'PATIENT_ID_MISSING' },
    { name: 'no Device and a blank patient id', held: [], ids: { patientId: ' ' }, code: 'PATIENT_ID_MISSING' },
    {
      name: 'a Device without a patient and no patient id',
      held: [device()],
      ids: {},
      code: 'PATIENT_ID_MISSING',
    },
    {
      name: 'an encounter that is not there',
      held: [],
      ids: { patientId: 'p', encounterId: 'e' },
      code: 'ENCOUNTER_NOT_FOUND',
    },
    {
      name: 'two Patients of that identifier',
      held: [patient('p1'), patient('p2')],
      ids: { patientId: 'p' },
      code: 'PATIENT_AMBIGUOUS',
    },
    {
      name: 'two Devices of that identifier',
      held: [device(ofPatient('p1')), device({ id: 'd2', ...ofPatient('p1') })],
      ids: { patientId: 'p' },
      code: 'DEVICE_AMBIGUOUS',
    },
    {
      name: 'the Device of another patient',
      held: [device(ofPatient('p2')), patient('p1'), patient('p2', 'q')],
      ids: { patientId: 'p' },
      code: 'PATIENT_MISMATCH',
    },
    {
      name: 'the Device of a patient whom the message’s id does not name',
      held: [device(ofPatient('p2'))],
      ids: { patientId: 'p' },
      code: 'PATIENT_MISMATCH',
    },
    {
      name: 'a Device whose patient is on another server',
      held: [device({ patient: { reference: 'https://other.example/Patient/p1' } })],
      ids: { patientId: 'p' },
      code: 'DEVICE_WITHOUT_PATIENT',
    },
    {
      name: 'the Patient it had made, whose identifier somebody took away',
      held: [{ ...patient(PATIENT_ID), identifier: [] }],
      ids: { patientId: 'p' },
      code: 'PATIENT_RETIRED',
    },
  ];

  test.each(seeded)('waits for the world with $name, and writes nothing', async ({ held, ids, code }) => {
    const server = new MemoryServer();
    for (const resource of held) server.write(resource);
    expect(idsOf(await resolve(server, ids))).toBe(code);
    expect(server.requests.filter((request) => /^(put|create)/.test(request))).toEqual([]);
  });

  test('takes a device’s patient among several of that identifier', async () => {
    const server = new MemoryServer();
    for (const resource of [device(ofPatient('p2')), patient('p1'), patient('p2')]) server.write(resource);
    expect(idsOf(await resolve(server, { patientId: 'p' }))).toEqual([{ device: 'd1', patient: 'p2' }]);
  });

  test('compares old readings with whom the device belonged to then', async () => {
    const server = new MemoryServer();
    for (const resource of [patient('p1'), patient('p2', 'q')]) server.write(resource);
    for (const id of ['p1', 'p2', 'p1']) server.write(device(ofPatient(id)));
    const answer = await resolve(server, { patientId: 'p' }, { from: '2020-01-01T00:00:00Z' });
    expect(idsOf(answer)).toEqual([
      { device: 'd1', patient: 'p1' },
      { refused: 'PATIENT_MISMATCH' },
      { device: 'd1', patient: 'p1' },
    ]);
    expect(idsOf(await resolve(server, { patientId: 'x' }, { from: '2020-01-01T00:00:00Z' }))).toBe('PATIENT_MISMATCH');
  });

  test('fails for a passing trouble only when it lasts', async () => {
    const server = new MemoryServer();
    server.write(device());
    const busy: Wire = {
      before: (operation, resourceType) => {
        if (operation === 'put' && resourceType === 'Device') server.write(device());
      },
    };
    await expect(resolve(server, { patientId: 'p' }, { wire: busy })).rejects.toMatchObject({
      type: 'IDENTITY_CONFLICT',
    });
  });
});

test('the other modes do not compare patients: mappings of the original may carry something else there', async () => {
  const server = new MemoryServer();
  server.write(device(ofPatient('p1')));
  expect(idsOf(await resolve(server, { patientId: 'x' }, { mode: 'Lookup' }))).toEqual([
    { device: 'd1', patient: 'p1' },
  ]);
});
