import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Device, Observation, Patient, Resource } from 'fhir/r4.js';
import { stringify } from 'lossless-json';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { updateCreateOf } from '../../activities/fhir-answers.ts';
import type { FhirClient, Stored, WithId } from '../../activities/fhir-client.ts';
import { findByIdentifier } from '../../activities/find-by-identifier.ts';
import { createHttpFhirClient } from '../../activities/http-fhir-client.ts';
import { FHIR_BEHAVIOURS } from '../../config/settings.ts';
import { fhirDecimal } from '../../core/decimal.ts';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer } from '../../sandbox/fhir-server/fhir-server.ts';

const observation = (id: string, more: Partial<Observation> = {}): WithId<Observation> => ({
  resourceType: 'Observation',
  identifier: [{ system: 's', value: id }],
  status: 'final',
  code: { text: 'x' },
  ...more,
  id,
});
const quantity = (text: string): Partial<Observation> => ({ valueQuantity: { value: fhirDecimal(text) } });

function found<R extends Resource>(read: Stored<R> | string): Stored<R> {
  if (typeof read === 'string') throw new Error(`Expected a resource, found it ${read}`);
  return read;
}

const behaviours = [
  { name: 'of our own manner', behaves: [] },
  ...FHIR_BEHAVIOURS.map((behaviour) => ({ name: behaviour, behaves: [behaviour] })),
];

describe.each(behaviours)('with a server: $name', ({ name, behaves }) => {
  const assignsIds = name === 'assigns-ids';
  let server: FhirServer;
  let fhir: FhirClient;

  /** @returns under which id it was made */
  async function make(resource: WithId<Observation>): Promise<string> {
    const { id, ...rest } = resource;
    const made = assignsIds
      ? await fhir.create(rest, { identifier: `s|${id}` })
      : await fhir.put(resource, { ifNoneMatch: '*' });
    if (made.kind !== 'created' || made.id === undefined) throw new Error(`Expected it created, it is ${made.kind}`);
    return made.id;
  }

  beforeAll(async () => {
    server = await startFhirServer({ file: ':memory:', behaves });
    fhir = createHttpFhirClient({ baseUrl: server.baseUrl, timeoutMs: 10_000 });
  });

  afterAll(async () => {
    await server.stop();
  });

  test('what is created can be read, its digits as they were written', async () => {
    const id = await make(observation('digits', quantity('22.40')));
    const { resource } = found(await fhir.read<Observation>('Observation', id));
    expect(stringify(resource.valueQuantity)).toBe('{"value":22.40}');
    expect(await fhir.read('Observation', 'nobody')).toBe('absent');
  });

  test('a write that names the version it was made from is done once', async () => {
    const id = await make(observation('versions', quantity('1')));
    const { resource, versionId = '' } = found(await fhir.read<Observation>('Observation', id));
    expect(versionId).not.toBe('');
    const next: WithId<Observation> = { ...resource, ...quantity('2'), id };
    expect((await fhir.put(next, { ifMatch: versionId })).kind).toBe('replaced');
    expect((await fhir.put<Observation>({ ...next, ...quantity('3'), id }, { ifMatch: versionId })).kind).toBe(
      'conflict',
    );
  });

  test('the versions of a resource are told newest first', async () => {
    const id = await make(observation('history', quantity('1')));
    for (const text of ['2', '3', '4']) {
      const { resource, versionId = '' } = found(await fhir.read<Observation>('Observation', id));
      await fhir.put<Observation>({ ...resource, ...quantity(text), id }, { ifMatch: versionId });
    }
    for (let i = 0; i < 2; i++) {
      const history = (await fhir.history<Observation>('Observation', id)) ?? [];
      expect(history.map(({ resource }) => resource?.valueQuantity?.value?.valueOf())).toEqual([4, 3, 2, 1]);
      const { versionId } = found(await fhir.read('Observation', id));
      expect(history[0]?.versionId).toBe(versionId);
    }
    expect(await fhir.history('Observation', 'nobody')).toBeUndefined();
  });

  test('a guarded create makes one, and says under which id', async () => {
    const { id: _, ...resource } = observation('guarded');
    const criteria = { identifier: 's|guarded' };
    const made = await fhir.create(resource, criteria);
    const again = await fhir.create(resource, criteria);
    expect([made.kind, again.kind]).toEqual(['created', 'existed']);
    expect('id' in made && 'id' in again && made.id).toBe('id' in again && again.id);
    const all = await findByIdentifier<Observation>(fhir, 'Observation', { system: 's', value: 'guarded' });
    expect(all.map(({ id }) => id)).toEqual(['id' in made && made.id]);
  });

  test('a guarded create writes nothing where several are there', async () => {
    const { id: _, ...resource } = observation('several');
    for (const value of ['1', '2']) {
      const other = { ...resource, note: [{ text: value }] };
      await fhir.create(other, { identifier: `s|other-${value}` });
    }
    expect(await fhir.create(resource, { identifier: 's|several' })).toEqual({ kind: 'ambiguous' });
  });

  test('what was just made is found, though a search before found nothing', async () => {
    const identifier = { system: 's', value: 'fresh' };
    expect(await findByIdentifier(fhir, 'Observation', identifier)).toEqual([]);
    const id = await make(observation('fresh'));
    expect((await findByIdentifier(fhir, 'Observation', identifier)).map((one) => one.id)).toEqual([id]);
  });

  test('a delete is done if the version is still the newest', async () => {
    const id = await make(observation('deleted', quantity('1')));
    const { resource, versionId = '' } = found(await fhir.read<Observation>('Observation', id));
    await fhir.put<Observation>({ ...resource, ...quantity('2'), id }, { ifMatch: versionId });
    const next = found(await fhir.read<Observation>('Observation', id));
    await fhir.delete('Observation', id, next.versionId);
    expect(await fhir.read('Observation', id)).toBe(name === 'medplum' ? 'absent' : 'deleted');
    await fhir.delete('Observation', id, next.versionId);
  });

  test('whether it takes the ids of its clients is stated', async () => {
    const statement = await fhir.capabilities();
    expect(statement && updateCreateOf(statement, 'Observation')).toBe(!assignsIds);
    if (!assignsIds) return;
    await expect(fhir.put(observation('refused'), { ifNoneMatch: '*' })).rejects.toMatchObject({
      details: { status: expect.any(Number) },
    });
  });

  test.each(['a,b', 'a$b', 'a\\b', 'a&b=c', 'a b', 'a+b', 'ä#%'])(
    '"%s" is an identifier like another',
    async (value) => {
      const patient: Patient = { resourceType: 'Patient', identifier: [{ value }] };
      const made = await fhir.create(patient, { identifier: value.replace(/[\\$,|]/g, '\\$&') });
      expect(made.kind).toBe('created');
      expect(await findByIdentifier<Patient>(fhir, 'Patient', { system: '', value })).toHaveLength(1);
      expect(await findByIdentifier<Device>(fhir, 'Device', { system: '', value })).toEqual([]);
    },
  );
});

describe('what a server may answer', () => {
  let answer: { status: number; headers?: Record<string, string>; body?: string };
  const heard: string[] = [];
  let server: Server;
  let fhir: FhirClient;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-none-exist': ifNoneExist } = request.headers;
      heard.push(JSON.stringify({ ifMatch, ifNoneMatch, ifNoneExist }));
      request.resume();
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    fhir = createHttpFhirClient({ baseUrl: `http://127.0.0.1:${port}/fhir`, timeoutMs: 10_000 });
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const body = (id: string, versionId?: string): string =>
    JSON.stringify({ ...observation(id), ...(versionId !== undefined && { meta: { versionId } }) });

  test.each([
    { name: 'in its body', answers: { body: body('given', '7') }, says: { id: 'given', versionId: '7' } },
    {
      name: 'in its headers',
      answers: { headers: { location: 'https://x/fhir/Observation/given/_history/7' } },
      says: { id: 'given', versionId: '7' },
    },
    {
      name: 'as a strong tag',
      answers: { headers: { location: 'Observation/given', etag: '"7"' } },
      says: { id: 'given', versionId: '7' },
    },
    { name: 'not at all', answers: {}, says: { id: undefined, versionId: undefined } },
    {
      name: 'not, but how it went',
      answers: { body: '{"resourceType":"OperationOutcome","id":"o","issue":[]}' },
      says: { id: undefined, versionId: undefined },
    },
  ])('where it has written something may stand $name', async ({ answers, says }) => {
    answer = { status: 201, ...answers };
    expect(await fhir.put(observation('asked'), { ifNoneMatch: '*' })).toEqual({ kind: 'created', ...says });
    expect(await fhir.create(observation('asked'), { identifier: 'a|b&c' })).toEqual({ kind: 'created', ...says });
    expect(heard.splice(0)).toEqual([
      JSON.stringify({ ifNoneMatch: '*' }),
      JSON.stringify({ ifNoneExist: 'identifier=a%7Cb%26c' }),
    ]);
  });

  test.each([
    [409, 'conflict'],
    [412, 'conflict'],
    [404, 'conflict'],
    [410, 'conflict'],
    [200, 'replaced'],
    [201, 'created'],
  ])('%d to a write that names a version means: %s', async (status, kind) => {
    answer = { status };
    expect(await fhir.put(observation('x'), { ifMatch: '3' })).toMatchObject({ kind });
    expect(heard.splice(0)).toEqual([JSON.stringify({ ifMatch: 'W/"3"' })]);
  });

  test.each([
    [409, 'conflict'],
    [412, 'ambiguous'],
    [200, 'existed'],
  ])('%d to a guarded create means: %s', async (status, kind) => {
    answer = { status };
    expect(await fhir.create(observation('x'), { identifier: 'a' })).toMatchObject({ kind });
  });

  test('a Patient that is refused speaks against no reading', async () => {
    answer = { status: 422, body: '{"resourceType":"OperationOutcome","issue":[]}' };
    const patient = { resourceType: 'Patient', id: 'p' } as const;
    await expect(fhir.put<Patient>(patient, undefined)).rejects.toMatchObject({ kind: 'waiting' });
    await expect(fhir.put(observation('x'), undefined)).rejects.toMatchObject({ kind: 'bad-data' });
  });

  test.each([400, 422])('a proxy that answers a write with %d speaks against no reading', async (status) => {
    answer = { status, headers: { 'content-type': 'text/html' }, body: '<html>Bad Request</html>' };
    await expect(fhir.put(observation('x'), undefined)).rejects.toMatchObject({ code: 'FHIR_REQUEST_REJECTED' });
  });

  test.each([204, 404, 409, 410, 412])('%d to a delete that names a version is an end of it', async (status) => {
    heard.length = 0;
    answer = { status };
    await fhir.delete('Observation', 'x', '3');
    expect(heard.splice(0)).toEqual([JSON.stringify({ ifMatch: 'W/"3"' })]);
    answer = { status: 403 };
    await expect(fhir.delete('Observation', 'x', '3')).rejects.toMatchObject({ code: 'FHIR_FORBIDDEN' });
    heard.length = 0;
  });

  test.each([
    { status: 200, body: '{"resourceType":"CapabilityStatement"}' },
    { status: 200, body: '{"fhir":true}' },
    { status: 200, body: '{"resourceType":"CapabilityStatement","rest":[{"resource":[{"type":"Patient"}]}]}' },
    { status: 403 },
  ])('nothing is stated of ids: $status $body', async (given) => {
    answer = given;
    const statement = await fhir.capabilities();
    expect(statement && updateCreateOf(statement, 'Observation')).toBeUndefined();
  });

  test('a statement that cannot be had for the moment is asked for again', async () => {
    answer = { status: 503 };
    await expect(fhir.capabilities()).rejects.toMatchObject({ code: 'FHIR_UNAVAILABLE' });
  });

  test.each([
    { name: 'a body that is cut off', given: { status: 200, body: '{"resourceType":"Obs' } },
    { name: 'a page of some proxy', given: { status: 200, body: '<html>' } },
  ])('$name is no answer', async ({ given }) => {
    answer = given;
    const unreadable = { code: 'FHIR_ANSWER_UNREADABLE' };
    await expect(fhir.read('Observation', 'x')).rejects.toMatchObject(unreadable);
    await expect(fhir.search('Observation', {})).rejects.toMatchObject(unreadable);
    await expect(fhir.put(observation('x'), undefined)).rejects.toMatchObject(unreadable);
    await expect(fhir.history('Observation', 'x')).rejects.toMatchObject(unreadable);
  });

  test('a history that is gone says that the resource was deleted', async () => {
    answer = { status: 410 };
    expect(await fhir.history('Observation', 'x')).toMatchObject([{ resource: undefined }]);
  });
});
