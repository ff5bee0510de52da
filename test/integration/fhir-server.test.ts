import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  Bundle,
  BundleEntry,
  CapabilityStatement,
  Observation,
  OperationOutcome,
  Patient,
  Resource,
} from '@medplum/fhirtypes';
import { openDatabase } from '../../sandbox/fhir-server/database.ts';
import { loadDefinitions } from '../../sandbox/fhir-server/definitions.ts';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import { ResourceStore } from '../../sandbox/fhir-server/resource-store.ts';
import { SqliteRepository } from '../../sandbox/fhir-server/sqlite-repository.ts';

const SYSTEM = 'http://example.org/observations';

interface Answer<T> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

let folder: string;
let server: FhirServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fhir-server-'));
  server = await startFhirServer({ file: join(folder, 'fhir.db') });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function send<T = Resource>(method: string, path: string, body?: unknown, headers = {}): Promise<Answer<T>> {
  return sendTo(server, method, path, body, headers);
}

async function sendTo<T = Resource>(
  { baseUrl }: { baseUrl: string },
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Answer<T>> {
  const response = await fetch(path.startsWith('http') ? path : `${baseUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: (text ? JSON.parse(text) : undefined) as T };
}

const search = async (query: string): Promise<Answer<Bundle<Observation>>> => send('GET', `/Observation?${query}`);
const valuesOf = ({ body }: Answer<Bundle<Observation>>): (string | undefined)[] =>
  (body.entry ?? []).map(({ resource }) => resource?.identifier?.[0]?.value);
const by = (value: string): string => `identifier=${encodeURIComponent(`${SYSTEM}|${value}`)}`;

function observation(value: string, extra: Partial<Observation> = {}): Observation {
  return {
    resourceType: 'Observation',
    status: 'final',
    identifier: [{ system: SYSTEM, value }],
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    effectiveDateTime: '2026-01-02T10:00:00Z',
    ...extra,
  };
}

function countBy(statuses: number[]): Record<number, number> {
  return Object.fromEntries(
    [...new Set(statuses)].map((status) => [status, statuses.filter((s) => s === status).length]),
  );
}

describe('a resource', () => {
  test('is created with an id, a version and a place to find it', async () => {
    const { status, headers, body } = await send<Observation>(
      'POST',
      '/Observation',
      observation('create', { id: 'ignored' }),
    );
    expect(status).toBe(201);
    expect(body.id).not.toBe('ignored');
    expect(headers.get('etag')).toBe('W/"1"');
    expect(headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
    expect(headers.get('location')).toBe(`${server.baseUrl}/Observation/${body.id!}/_history/1`);
    expect(Date.parse(headers.get('last-modified')!)).toBe(
      Math.floor(Date.parse(body.meta!.lastUpdated!) / 1000) * 1000,
    );
    expect((await send('GET', headers.get('location')!)).body).toEqual(body);
    expect((await send('GET', `/Observation/${body.id!}`)).headers.get('etag')).toBe('W/"1"');
  });

  test('keeps its decimals as written, through update, history, search, batch and patch', async () => {
    const text = (id: string) =>
      `{"resourceType":"Observation","id":"${id}","status":"final","identifier":[{"system":"${SYSTEM}","value":"${id}"}],` +
      `"code":{"text":"weight"},"valueQuantity":{"value":22.40}}`;
    expect((await send('PUT', '/Observation/decimal', text('decimal'))).text).toContain('"value":22.40}');
    const batch = `{"resourceType":"Bundle","type":"batch","entry":[{"resource":${text('decimal2')},"request":{"method":"PUT","url":"Observation/decimal2"}}]}`;
    expect((await send('POST', '', batch)).text).toContain('"value":22.40}');
    const patch = [{ op: 'replace', path: '/status', value: 'amended' }];
    const patched = await send('PATCH', '/Observation/decimal2', patch, {
      'content-type': 'application/json-patch+json',
    });
    expect(patched.text).toContain('"status":"amended"');
    for (const path of ['decimal', 'decimal/_history', 'decimal2', 'decimal2/_history/1']) {
      expect((await send('GET', `/Observation/${path}`)).text).toContain('"value":22.40}');
    }
    expect((await search(by('decimal'))).text).toContain('"value":22.40}');
  });

  test('is replaced under its id, each time as a new and later version', async () => {
    const created = await send<Observation>(
      'PUT',
      '/Observation/versions',
      observation('versions', { id: 'versions' }),
    );
    expect(created.status).toBe(201);
    const updates = [];
    for (let i = 0; i < 5; i++) updates.push(await send<Observation>('PUT', '/Observation/versions', created.body));
    expect(updates.map(({ status, headers }) => [status, headers.get('etag')])).toEqual(
      [2, 3, 4, 5, 6].map((version) => [200, `W/"${version}"`]),
    );
    const times = [created, ...updates].map(({ body }) => body.meta!.lastUpdated!);
    expect(new Set(times).size).toBe(6);
    expect(times).toEqual([...times].sort());
  });

  test('that is deleted is gone, remembered by its history, and can be created anew', async () => {
    await send('PUT', '/Observation/deleted', observation('deleted', { id: 'deleted' }));
    expect((await send('DELETE', '/Observation/deleted')).status).toBe(200);
    expect((await send('GET', '/Observation/deleted')).status).toBe(410);
    expect((await send('GET', '/Observation/deleted/_history/2')).status).toBe(410);
    expect((await search(by('deleted'))).body.total).toBe(0);
    expect((await send('DELETE', '/Observation/deleted')).status).toBe(200);
    const history = await send<Bundle>('GET', '/Observation/deleted/_history');
    expect(history.body.entry).toMatchObject([
      { request: { method: 'DELETE', url: 'Observation/deleted' }, response: { status: '204', etag: 'W/"2"' } },
      { request: { method: 'PUT' }, resource: { status: 'final' }, response: { status: '201', etag: 'W/"1"' } },
    ]);
    expect(history.body.entry![0]).not.toHaveProperty('resource');
    const again = await send('PUT', '/Observation/deleted', observation('deleted', { id: 'deleted' }));
    expect([again.status, again.headers.get('etag')]).toEqual([201, 'W/"3"']);
  });

  test('has a history of its last 20 versions, a Device of all', async () => {
    const device = { resourceType: 'Device', id: 'history' };
    for (let i = 1; i <= 23; i++) {
      await send('PUT', '/Device/history', device);
      await send('PUT', '/Observation/history', observation('history', { id: 'history' }));
    }
    const versions = async (path: string) =>
      (await send<Bundle>('GET', path)).body.entry!.map(({ resource }) => Number(resource!.meta!.versionId));
    const newestFirst = Array.from({ length: 23 }, (_, i) => 23 - i);
    expect(await versions('/Device/history/_history')).toEqual(newestFirst);
    expect(await versions('/Observation/history/_history')).toEqual(newestFirst.slice(0, 20));
    expect(await versions('/Observation/history/_history?_count=2')).toEqual([23, 22]);
    expect((await send('GET', '/Observation/history/_history/3')).status).toBe(404);
  });

  test('that the client knows is not sent again', async () => {
    await send('PUT', '/Observation/known', observation('known', { id: 'known' }));
    const { status, text } = await send('GET', '/Observation/known', undefined, { 'if-none-match': 'W/"1"' });
    expect([status, text]).toEqual([304, '']);
  });

  test.each([
    { prefer: 'return=minimal', text: '' },
    { prefer: 'return=OperationOutcome', text: expect.stringContaining('"OperationOutcome"') },
    { prefer: 'return=representation', text: expect.stringContaining('"Observation"') },
  ])('is answered to a write as preferred: $prefer', async ({ prefer, text }) => {
    expect((await send('POST', '/Observation', observation('prefer'), { prefer })).text).toEqual(text);
  });
});

describe('conditions', () => {
  const put = (id: string, headers: object) => send('PUT', `/Observation/${id}`, observation(id, { id }), headers);

  test.each(['W/"1"', '"1"', 'W/1', '1'])('If-Match: %s refuses another version and takes its own', async (tag) => {
    const id = `if-match-${['W/"1"', '"1"', 'W/1', '1'].indexOf(tag)}`;
    await put(id, {});
    expect((await put(id, { 'if-match': tag.replace('1', '9') })).status).toBe(412);
    expect((await put(id, { 'if-match': tag })).status).toBe(200);
    expect((await put(id, { 'if-match': tag })).status).toBe(412);
    expect((await send('DELETE', `/Observation/${id}`, undefined, { 'if-match': tag })).status).toBe(412);
    const update = await send('PUT', `/Observation?${by(id)}`, observation(id), { 'if-match': tag });
    expect(update.status).toBe(412);
  });

  test('If-Match on what does not exist is refused', async () => {
    expect((await put('if-match-unknown', { 'if-match': 'W/"1"' })).status).toBe(412);
    expect((await put('if-match-unknown', { 'if-match': '*' })).status).toBe(412);
  });

  test('If-None-Match: * refuses to replace, not to create', async () => {
    expect((await put('if-none-match', { 'if-none-match': '*' })).status).toBe(201);
    expect((await put('if-none-match', { 'if-none-match': '*' })).status).toBe(412);
    await send('DELETE', '/Observation/if-none-match');
    expect((await put('if-none-match', { 'if-none-match': '*' })).status).toBe(201);
  });

  test('of 20 concurrent updates of one version, one is made', async () => {
    await put('race', {});
    const all = await Promise.all(Array.from({ length: 20 }, () => put('race', { 'if-match': 'W/"1"' })));
    expect(countBy(all.map(({ status }) => status))).toEqual({ 200: 1, 412: 19 });
  });

  test('of 20 concurrent creations of one id, one is made', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => put('create-race', { 'if-none-match': '*' })));
    expect(countBy(all.map(({ status }) => status))).toEqual({ 201: 1, 412: 19 });
  });

  test('If-None-Exist creates, returns the one match, or refuses', async () => {
    const create = () =>
      send('POST', '/Observation', observation('if-none-exist'), { 'if-none-exist': by('if-none-exist') });
    const first = await create();
    const second = await create();
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.id).toBe(first.body.id);
    await send('POST', '/Observation', observation('if-none-exist'));
    expect((await create()).status).toBe(412);
  });

  test('an update by identifier creates, updates the one match, or refuses', async () => {
    const update = () => send('PUT', `/Observation?${by('by-identifier')}`, observation('by-identifier'));
    const all = await Promise.all(Array.from({ length: 20 }, update));
    expect(countBy(all.map(({ status }) => status))).toEqual({ 200: 19, 201: 1 });
    await send('POST', '/Observation', observation('by-identifier'));
    expect((await update()).status).toBe(412);
  });

  test('an update or delete without criteria is refused', async () => {
    expect((await send('PUT', '/Observation', observation('x'))).status).toBe(400);
    expect((await send('DELETE', '/Observation')).status).toBe(400);
  });
});

describe('what is wrong is answered with an OperationOutcome', () => {
  test.each([
    { name: 'a body that is no JSON', request: ['POST', '/Observation', '{bad'], status: 400 },
    { name: 'no body', request: ['POST', '/Observation'], status: 400 },
    { name: 'a body that is no resource', request: ['POST', '/Observation', 'null'], status: 400 },
    { name: 'another type than the URL', request: ['POST', '/Observation', { resourceType: 'Patient' }], status: 400 },
    { name: 'another id than the URL', request: ['PUT', '/Observation/a', observation('x', { id: 'b' })], status: 400 },
    { name: 'an id that is none', request: ['PUT', '/Observation/a_b', observation('x', { id: 'a_b' })], status: 400 },
    { name: 'an unknown type', request: ['POST', '/Nonsense', { resourceType: 'Nonsense' }], status: 404 },
    { name: 'a search of an unknown type', request: ['GET', '/Nonsense?_id=1'], status: 404 },
    { name: 'an unknown id', request: ['GET', '/Observation/unknown'], status: 404 },
    { name: 'the history of an unknown id', request: ['GET', '/Observation/unknown/_history'], status: 404 },
    { name: 'an unknown version', request: ['GET', '/Observation/unknown/_history/x'], status: 404 },
    { name: 'an unknown place', request: ['GET', '/a/b/c/d/e'], status: 404 },
    { name: 'an unknown search parameter', request: ['GET', '/Observation?bogus=1'], status: 400 },
    { name: 'a search parameter that is not served', request: ['GET', '/Observation?value-quantity=gt5'], status: 400 },
    { name: 'an unknown modifier', request: ['GET', '/Observation?code:bogus=1'], status: 400 },
    { name: 'a date that is none', request: ['GET', '/Observation?date=yesterday'], status: 400 },
    { name: 'a count that is none', request: ['GET', '/Observation?_count=many'], status: 400 },
    { name: 'an unknown sort', request: ['GET', '/Observation?_sort=bogus'], status: 400 },
    {
      name: 'an unknown bundle type',
      request: ['POST', '', { resourceType: 'Bundle', type: 'collection', entry: [] }],
      status: 400,
    },
    {
      name: 'a malformed bundle',
      request: ['POST', '', { resourceType: 'Bundle', type: 'batch', entry: [null] }],
      status: 400,
    },
    {
      name: 'a patch that does not apply',
      request: ['PATCH', '/Observation/wrong', [{ op: 'replace', path: '/a/b', value: 1 }]],
      status: 400,
    },
    { name: 'GraphQL', request: ['POST', '/$graphql', { query: '{}' }], status: 404 },
  ] as const)('$name: $status', async ({ request: [method, path, body], status }) => {
    await send('PUT', '/Observation/wrong', observation('wrong', { id: 'wrong' }));
    const answer = await send<OperationOutcome>(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'error' }] });
  });

  test('an invalid resource, naming each place', async () => {
    const invalid = { resourceType: 'Observation', status: 5, nope: 1, valueQuantity: { value: 'high' } };
    const { status, body } = await send<OperationOutcome>('POST', '/Observation', invalid);
    expect(status).toBe(400);
    const places = body.issue.flatMap(({ expression = [] }) => expression);
    expect(places).toEqual(
      expect.arrayContaining([
        'Observation.status',
        'Observation.code',
        'Observation.nope',
        'Observation.value[x].value',
      ]),
    );
  });

  test('another media type', async () => {
    expect(
      (await send('POST', '/Observation', '<Observation/>', { 'content-type': 'application/fhir+xml' })).status,
    ).toBe(415);
  });

  test('a body of more than 16 MiB, whether its length is told or not', async () => {
    const large = 'x'.repeat(17 * 1024 * 1024);
    expect((await send('POST', '/Observation', large)).status).toBe(413);
    const chunks = new Blob([large]).stream();
    const response = await fetch(`${server.baseUrl}/Observation`, {
      method: 'POST',
      body: chunks,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ resourceType: 'OperationOutcome' });
  });
});

describe('a search', () => {
  const code = { coding: [{ system: SYSTEM, code: 'search' }] };
  const patient = (id: string) => ({ reference: `Patient/${id}` });

  beforeAll(async () => {
    await send('PUT', '/Patient/search', { resourceType: 'Patient', id: 'search', name: [{ family: 'Sample' }] });
    for (let day = 1; day <= 5; day++) {
      const extra = {
        code,
        effectiveDateTime: `2026-03-0${day}T10:00:00.0000001+01:00`,
        subject: patient(day < 3 ? 'search' : 'other'),
      };
      await send('POST', '/Observation', observation(`day-${day}`, extra));
    }
    const period = { start: '2026-03-07T10:00:00Z', end: '2026-03-07T11:00:00Z' };
    const { effectiveDateTime: _, ...undated } = observation('none', { code, device: { reference: 'Device/search' } });
    await send('POST', '/Observation', { ...undated, effectivePeriod: period, identifier: [{ value: 'period' }] });
    await send('POST', '/Observation', {
      ...undated,
      status: 'amended',
      subject: { reference: `${server.baseUrl}/Patient/search` },
    });
  });

  test.each([
    { query: 'code=search&_sort=date', values: ['none', 'day-1', 'day-2', 'day-3', 'day-4', 'day-5', 'period'] },
    { query: `code=${SYSTEM}|search&_sort=-date&_count=2`, values: ['period', 'day-5'] },
    { query: 'code=search&_sort=-_lastUpdated&_count=2', values: ['none', 'period'] },
    { query: 'code=search&_sort=status,-date&_count=2', values: ['none', 'period'] },
    { query: 'code=search&date=ge2026-03-03&date=lt2026-03-05&_sort=date', values: ['day-3', 'day-4'] },
    { query: 'code=search&date=2026-03-03', values: ['day-3'] },
    { query: 'code=search&date=2026-03-03T09:00:00Z', values: ['day-3'] },
    { query: 'code=search&date=2026-03-03T10:00:00Z', values: [] },
    { query: 'code=search&date=gt2026-03-04', values: ['day-5', 'period'] },
    { query: 'code=search&date=2026-03-07T10', values: undefined },
    { query: 'code=search&date=ap2026-03-07T10:30:00Z', values: ['period'] },
    { query: 'code=search&date:missing=true', values: ['none'] },
    { query: 'code=search&_lastUpdated=gt2200-01-01', values: [] },
    { query: 'code=search&subject=Patient/search', values: ['day-1', 'day-2', 'none'] },
    { query: 'code=search&patient=search', values: ['day-1', 'day-2', 'none'] },
    { query: 'code=search&subject:Patient=search', values: ['day-1', 'day-2', 'none'] },
    { query: 'code=search&subject:Device=search', values: [] },
    { query: 'code=search&subject:missing=true', values: ['period'] },
    { query: 'device=Device/search&_sort=-_lastUpdated', values: ['none', 'period'] },
    { query: 'code=search&status:not=final', values: ['none'] },
    { query: 'code=search&status=amended,preliminary', values: ['none'] },
    { query: 'code=search&identifier=|period', values: ['period'] },
    { query: `code=search&identifier=${SYSTEM}|&_sort=-date&_count=1`, values: ['day-5'] },
    { query: 'identifier=day-1', values: ['day-1'] },
    { query: 'identifier=DAY-1', values: [] },
    { query: `${by('day-1')},${SYSTEM}|day-2&_sort=date`, values: ['day-1', 'day-2'] },
    { query: 'code=search&category=none', values: [] },
    { query: 'code=search&category:missing=true&_sort=-date&_count=1', values: ['period'] },
  ])('finds by $query', async ({ query, values }) => {
    const answer = await search(query);
    if (values === undefined) expect(answer.status).toBe(400);
    else expect([answer.status, valuesOf(answer)]).toEqual([200, values]);
  });

  test('is answered in pages that link to the next, with the total', async () => {
    const values: unknown[] = [];
    const totals: unknown[] = [];
    for (let url: string | undefined = '/Observation?code=search&_sort=date&_count=3'; url;) {
      const page: Answer<Bundle<Observation>> = await send('GET', url);
      values.push(valuesOf(page));
      totals.push(page.body.total);
      url = page.body.link!.find(({ relation }) => relation === 'next')?.url;
    }
    expect(values).toEqual([['none', 'day-1', 'day-2'], ['day-3', 'day-4', 'day-5'], ['period']]);
    expect(totals).toEqual([7, 7, 7]);
  });

  test('can be for the count alone', async () => {
    const { body } = await search('code=search&_summary=count');
    expect([body.total, body.entry]).toEqual([7, []]);
  });

  test('can be sent by POST', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await send<Bundle<Observation>>(
      'POST',
      '/Observation/_search?_count=1',
      'code=search&_sort=-date',
      form,
    );
    expect([valuesOf(answer), answer.body.total]).toEqual([['period'], 7]);
  });

  test('can include what the matches refer to', async () => {
    const { body } = await send<Bundle>('GET', `/Observation?${by('day-1')}&_include=Observation:subject`);
    expect(body.entry!.map(({ search: how, fullUrl }) => [how!.mode, fullUrl!.split('/').at(-2)])).toEqual([
      ['match', 'Observation'],
      ['include', 'Patient'],
    ]);
  });

  test('by a parameter without an index looks at the resources', async () => {
    const { body } = await send<Bundle>('GET', '/Patient?family=sample');
    expect(body.entry!.map(({ resource }) => resource!.id)).toEqual(['search']);
  });

  test('sees an update at once', async () => {
    await send('PUT', '/Observation/moved', observation('moved-from', { id: 'moved' }));
    await send('PUT', '/Observation/moved', observation('moved-to', { id: 'moved' }));
    expect((await search(by('moved-from'))).body.total).toBe(0);
    expect((await search(by('moved-to'))).body.total).toBe(1);
  });
});

describe('a bundle', () => {
  const bundle = (type: 'batch' | 'transaction', ...entry: BundleEntry[]) =>
    send<Bundle>('POST', '', { resourceType: 'Bundle', type, entry });
  const post = (value: string, extra: object = {}): BundleEntry => ({
    resource: observation(value),
    request: { method: 'POST', url: 'Observation', ...extra },
  });

  test('of type batch answers each entry for itself', async () => {
    await send('PUT', '/Observation/batch', observation('batch', { id: 'batch' }));
    const { status, body } = await bundle(
      'batch',
      post('batch-1'),
      {
        resource: observation('batch', { id: 'batch' }),
        request: { method: 'PUT', url: 'Observation/batch', ifMatch: '9' },
      },
      {
        resource: { resourceType: 'Observation', status: 'final' } as Observation,
        request: { method: 'POST', url: 'Observation' },
      },
      post('batch', { ifNoneExist: by('batch') }),
      { request: { method: 'GET', url: 'Nonsense/1' } },
      { request: { method: 'GET', url: `Observation?${by('batch')}` } },
    );
    expect(status).toBe(200);
    expect(body.entry!.map(({ response }) => [response!.status, response!.etag])).toEqual([
      ['201', 'W/"1"'],
      ['412', undefined],
      ['400', undefined],
      ['200', 'W/"1"'],
      ['404', undefined],
      ['200', undefined],
    ]);
  });

  test('of type transaction resolves references between its entries', async () => {
    const fullUrl = 'urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059';
    const { status, body } = await bundle(
      'transaction',
      { fullUrl, resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
      {
        resource: observation('transaction', { subject: { reference: fullUrl } }),
        request: { method: 'POST', url: 'Observation' },
      },
    );
    const [patient, created] = body.entry!.map(({ resource }) => resource!);
    expect(status).toBe(200);
    expect((created as Observation).subject).toEqual({ reference: `Patient/${patient!.id!}` });
  });

  test('of type transaction is undone when an entry fails', async () => {
    const failing = {
      resource: observation('x', { id: 'rollback' }),
      request: { method: 'PUT', url: 'Observation/rollback', ifMatch: 'W/"9"' },
    } as const;
    expect((await bundle('transaction', post('rollback'), failing)).status).toBe(412);
    expect((await search(by('rollback'))).body.total).toBe(0);
    expect((await send('POST', '/Observation', observation('after-rollback'))).status).toBe(201);
  });
});

test('the CapabilityStatement lists types and search parameters', async () => {
  const { status, body } = await send<CapabilityStatement>('GET', '/metadata');
  const type = body.rest![0]!.resource!.find((resource) => resource.type === 'Observation')!;
  expect([status, body.fhirVersion]).toEqual([200, '4.0.1']);
  expect(type.searchParam!.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['_id', 'identifier', 'date', 'device']),
  );
});

describe('the server', () => {
  test('finds what it stored before it was stopped, and stops although a connection is kept alive', async () => {
    const file = join(folder, 'restart.db');
    const first = await startFhirServer({ file });
    await sendTo(first, 'PUT', '/Observation/kept', observation('kept', { id: 'kept' }));
    const idle = connect(first.port, '127.0.0.1');
    await once(idle, 'connect');
    const closed = once(idle, 'close');
    idle.resume();
    await first.stop();
    await closed;
    const second = await startFhirServer({ file });
    const { status } = await sendTo(second, 'GET', '/Observation/kept');
    await second.stop();
    expect(status).toBe(200);
  });

  test('answers what has arrived before it stops', async () => {
    const stopping = await startFhirServer({ file: ':memory:' });
    const requests = Array.from({ length: 10 }, (_, i) =>
      sendTo(stopping, 'POST', '/Observation', observation(`stopping-${i}`)),
    );
    await Promise.race(requests);
    const [answers] = await Promise.all([Promise.allSettled(requests), stopping.stop()]);
    const statuses = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.status : 'refused'));
    expect(statuses).toContain(201);
    expect(statuses.filter((status) => status !== 201 && status !== 'refused')).toEqual([]);
  });

  test('has lost nothing it has answered when it is killed', async () => {
    const file = join(folder, 'killed.db');
    const code = `
      import { startFhirServer } from ${JSON.stringify(new URL('../../sandbox/fhir-server/fhir-server.ts', import.meta.url).href)};
      console.log((await startFhirServer({ file: ${JSON.stringify(file)} })).baseUrl);`;
    const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const baseUrl = line.toString().trim();
    const answered: string[] = [];
    const write = async (worker: number): Promise<void> => {
      for (let i = 0; ; i++) {
        const id = `killed-${worker}-${i}`;
        await sendTo({ baseUrl }, 'PUT', `/Observation/${id}`, observation(id, { id }));
        answered.push(id);
        if (answered.length === 200) child.kill('SIGKILL');
      }
    };
    await Promise.allSettled([write(0), write(1), write(2), write(3)]);
    const survivor = await startFhirServer({ file });
    const statuses = await Promise.all(
      answered.map(async (id) => (await sendTo(survivor, 'GET', `/Observation/${id}`)).status),
    );
    await survivor.stop();
    expect(answered.length).toBeGreaterThanOrEqual(200);
    expect(countBy(statuses)).toEqual({ 200: answered.length });
  });

  test('answers from its index: among 20,000 Observations far faster than by looking at each', async () => {
    const file = join(folder, 'many.db');
    await fill(file, 20_000);
    const many = await startFhirServer({ file });
    const fastestMs = async (query: string): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const startedAt = performance.now();
        await sendTo(many, 'GET', `/Observation?${query}`);
        times.push(performance.now() - startedAt);
      }
      return Math.min(...times);
    };
    const indexed = [
      by('many-777'),
      '_id=many-777',
      'device=Device/d7&_sort=-date&_count=10',
      '_sort=-_lastUpdated&_count=10',
      'code=8867-4&_sort=-date&_count=10',
    ];
    const scanMs = await fastestMs('category=none');
    const indexedMs: number[] = [];
    for (const query of indexed) indexedMs.push(await fastestMs(query));
    await many.stop();
    expect(indexed.filter((_, i) => indexedMs[i]! > scanMs / 4)).toEqual([]);
    expect(indexedMs[0]).toBeLessThan(scanMs / 10);
  });
});

/** A request to a running server, and what is seen of its answer. */
type Send = <T = Resource>(method: string, path: string, body?: unknown, headers?: object) => Promise<Answer<T>>;
type Probe = (send: Send, id: string) => Promise<unknown>;

/** Makes an Observation of two versions, under the id; the headers go with a third write. */
const thirdWrite = async (send: Send, id: string, headers: object, path = `/Observation/${id}`): Promise<number> => {
  const first = await send<Observation>('PUT', `/Observation/${id}`, observation(id, { id }));
  await send('PUT', `/Observation/${id}`, observation(id, { id, status: 'amended' }));
  const tag = JSON.stringify(headers).replaceAll('{first}', first.body.meta!.versionId!);
  const body = observation(id, { id, status: 'corrected' });
  return (await send('PUT', path, body, JSON.parse(tag) as object)).status;
};
const deleted = async (send: Send, id: string): Promise<void> => {
  await send('PUT', `/Observation/${id}`, observation(id, { id }));
  await send('DELETE', `/Observation/${id}`);
};
const statusesIn = ({ body }: Answer<Bundle<Observation>>) => body.entry!.map(({ resource }) => resource?.status);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where servers differ, and what each behaviour answers: the table of measurements as tests. */
const DIFFERENCES: { of: string; probe: Probe; own: unknown; medplum: unknown; hapi: unknown }[] = [
  {
    of: 'version ids',
    probe: async (send, id) => {
      const { body, headers } = await send('PUT', `/Observation/${id}`, observation(id, { id }));
      const versionId = body.meta!.versionId!;
      const read = await send('GET', `/Observation/${id}/_history/${versionId}`);
      return [UUID.test(versionId) ? 'UUID' : versionId, headers.get('etag') === `W/"${versionId}"`, read.status];
    },
    own: ['1', true, 200],
    medplum: ['UUID', true, 200],
    hapi: ['1', true, 200],
  },
  {
    of: 'an If-Match that is stale',
    probe: (send, id) => thirdWrite(send, id, { 'if-match': 'W/"{first}"' }),
    own: 412,
    medplum: 412,
    hapi: 409,
  },
  {
    of: 'an If-Match that is stale and not quoted',
    probe: (send, id) => thirdWrite(send, id, { 'if-match': '{first}' }),
    own: 412,
    medplum: 200,
    hapi: 409,
  },
  {
    of: 'a conditional update with a stale If-Match',
    probe: (send, id) => thirdWrite(send, id, { 'if-match': 'W/"{first}"' }, `/Observation?${by(id)}`),
    own: 412,
    medplum: 412,
    hapi: 200,
  },
  {
    of: 'If-Match on an unknown id',
    probe: async (send, id) =>
      (await send('PUT', `/Observation/${id}`, observation(id, { id }), { 'if-match': 'W/"1"' })).status,
    own: 412,
    medplum: 404,
    hapi: 201,
  },
  {
    of: 'If-Match on a deleted id',
    probe: async (send, id) => {
      await deleted(send, id);
      return (await send('PUT', `/Observation/${id}`, observation(id, { id }), { 'if-match': 'W/"1"' })).status;
    },
    own: 412,
    medplum: 404,
    hapi: 201,
  },
  {
    of: 'If-None-Match: * on what exists',
    probe: (send, id) => thirdWrite(send, id, { 'if-none-match': '*' }),
    own: 412,
    medplum: 200,
    hapi: 200,
  },
  {
    of: 'an update with identical content',
    probe: async (send, id) => {
      const meta = { tag: [{ code: 'a' }] };
      const { body } = await send<Observation>('PUT', `/Observation/${id}`, observation(id, { id, meta }));
      const again = await send<Observation>('PUT', `/Observation/${id}`, body);
      const changed = await send('PUT', `/Observation/${id}`, observation(id, { id }));
      const isNew = (later: Resource, earlier: Resource) => later.meta!.versionId !== earlier.meta!.versionId;
      return [again.status, isNew(again.body, body), isNew(changed.body, again.body)];
    },
    own: [200, true, true],
    medplum: [200, true, true],
    hapi: [200, false, true],
  },
  {
    of: 'a history that is read twice',
    probe: async (send, id) => {
      await thirdWrite(send, id, {});
      const read = () => send<Bundle<Observation>>('GET', `/Observation/${id}/_history`);
      const [first, second] = [await read(), await read()];
      const [entry] = first.body.entry!;
      return [statusesIn(first), statusesIn(second), first.body.total, Object.keys(entry!)];
    },
    own: [
      ['corrected', 'amended', 'final'],
      ['corrected', 'amended', 'final'],
      3,
      ['fullUrl', 'resource', 'request', 'response'],
    ],
    medplum: [['corrected', 'amended', 'final'], ['final', 'amended', 'corrected'], undefined, ['resource']],
    hapi: [
      ['corrected', 'amended', 'final'],
      ['corrected', 'amended', 'final'],
      3,
      ['fullUrl', 'resource', 'request', 'response'],
    ],
  },
  {
    of: 'what was deleted',
    probe: async (send, id) => {
      await deleted(send, id);
      const read = await send('GET', `/Observation/${id}`);
      const history = await send<Bundle>('GET', `/Observation/${id}/_history`);
      return [read.status, history.status, history.body.entry?.map(({ request }) => request!.method)];
    },
    own: [410, 200, ['DELETE', 'PUT']],
    medplum: [404, 404, undefined],
    hapi: [410, 200, ['DELETE', 'PUT']],
  },
  {
    of: 'an identifier in another case',
    probe: async (send, id) => {
      await send('PUT', `/Observation/${id}`, observation(`${id}-Upper`, { id }));
      const found = async (query: string) => (await send<Bundle>('GET', `/Observation?${query}`)).body.entry!.length;
      return [await found(by(`${id}-UPPER`)), await found(`identifier=${id}-upper`), await found(by(`${id}-Upper`))];
    },
    own: [0, 0, 1],
    medplum: [1, 1, 1],
    hapi: [0, 0, 1],
  },
  {
    of: 'a search by an unknown parameter',
    probe: async (send, id) => {
      await send('PUT', `/Observation/${id}`, observation(id, { id }));
      const { status, body } = await send<Bundle>('GET', '/Observation?bogus=1');
      return [status, body.entry];
    },
    own: [400, undefined],
    medplum: [200, []],
    hapi: [400, undefined],
  },
  {
    of: 'a search that found nothing, after a create',
    probe: async (send, id) => {
      const found = async (headers = {}) =>
        (await send<Bundle>('GET', `/Observation?${by(id)}`, undefined, headers)).body.entry!.length;
      await found();
      await send('POST', '/Observation', observation(id));
      return [await found(), await found({ 'cache-control': 'no-cache' }), await found()];
    },
    own: [1, 1, 1],
    medplum: [1, 1, 1],
    hapi: [0, 1, 1],
  },
  {
    of: 'a search without a count among many',
    probe: async (send, id) => {
      const code = { coding: [{ code: id }] };
      for (let i = 0; i < 25; i++) await send('POST', '/Observation', observation(`${id}-${i}`, { code }));
      const { body } = await send<Bundle>('GET', `/Observation?code=${id}`);
      return [body.entry!.length, body.link?.map(({ relation }) => relation)];
    },
    own: [20, ['self', 'next']],
    medplum: [25, undefined],
    hapi: [20, ['self', 'next']],
  },
  {
    of: 'a reference to nobody',
    probe: async (send, id) => {
      const withSubject = (reference: string) =>
        send<OperationOutcome>('POST', '/Observation', observation(id, { subject: { reference } }));
      const { status, body } = await withSubject('Patient/nobody');
      const { body: patient } = await send<Patient>('POST', '/Patient', { resourceType: 'Patient' });
      const known = await withSubject(`Patient/${patient.id!}`);
      const elsewhere = await withSubject('http://example.org/fhir/Patient/nobody');
      return [status, status === 400 ? body.issue[0]!.diagnostics : undefined, known.status, elsewhere.status];
    },
    own: [201, undefined, 201, 201],
    medplum: [201, undefined, 201, 201],
    hapi: [400, 'HAPI-1094: Resource Patient/nobody not found, specified in path: Observation.subject', 201, 201],
  },
  {
    of: 'an invalid resource',
    probe: async (send) =>
      (await send('POST', '/Observation', { resourceType: 'Observation', status: 5, valueQuantity: { value: 'high' } }))
        .status,
    own: 400,
    medplum: 201,
    hapi: 400,
  },
  {
    of: 'a transaction with an entry that fails',
    probe: async (send, id) => {
      const { status } = await send('POST', '', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          { resource: observation(id), request: { method: 'POST', url: 'Observation' } },
          {
            resource: { ...observation('x'), id: 'no_id' },
            request: { method: 'PUT', url: 'Observation/no_id' },
          },
        ],
      });
      return [status, (await send<Bundle>('GET', `/Observation?${by(id)}`)).body.entry!.length];
    },
    own: [400, 0],
    medplum: [400, 1],
    hapi: [400, 0],
  },
  {
    of: 'the version of what a batch has written',
    probe: async (send, id) => {
      const entry = [{ resource: observation(id), request: { method: 'POST', url: 'Observation' } }];
      const { body } = await send<Bundle>('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
      return [body.entry![0]!.response!.status, body.entry![0]!.response!.etag];
    },
    own: ['201', 'W/"1"'],
    medplum: ['201', undefined],
    hapi: ['201', 'W/"1"'],
  },
];

const BEHAVES = { own: [], medplum: ['medplum'], hapi: ['hapi'] } as const;

describe.each(['own', 'medplum', 'hapi'] as const)('a server that behaves like %s answers', (behaviour) => {
  let other: FhirServer;
  beforeAll(async () => {
    other = await startFhirServer({ file: ':memory:', behaves: BEHAVES[behaviour] });
  });
  afterAll(async () => {
    await other.stop();
  });

  test.each(DIFFERENCES.map(({ of, probe, ...expected }, i) => ({ of, probe, expected: expected[behaviour], i })))(
    '$of: $expected',
    async ({ probe, expected, i }) => {
      const sendOther: Send = (...request) => sendTo(other, ...request);
      expect(await probe(sendOther, `difference-${i}`)).toEqual(expected);
    },
  );
});

describe('a server that', () => {
  const servers: FhirServer[] = [];
  const started = async (options: Partial<Parameters<typeof startFhirServer>[0]>): Promise<Send> => {
    const one = await startFhirServer({ file: ':memory:', ...options });
    servers.push(one);
    return (...request) => sendTo(one, ...request);
  };
  afterAll(async () => {
    for (const one of servers) await one.stop();
  });

  test('assigns ids refuses to create by PUT, says so, and updates what it has created', async () => {
    const send = await started({ behaves: ['assigns-ids'] });
    const refused = await send<OperationOutcome>('PUT', '/Observation/mine', observation('mine', { id: 'mine' }));
    expect([refused.status, refused.body.issue[0]!.code]).toEqual([405, 'not-supported']);
    const entry = [
      { resource: observation('mine', { id: 'mine' }), request: { method: 'PUT', url: 'Observation/mine' } },
    ];
    const batch = await send<Bundle>('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    expect(batch.body.entry![0]!.response!.status).toBe('405');
    const created = await send<Observation>('POST', '/Observation', observation('mine', { id: 'mine' }));
    expect(created.body.id).toMatch(UUID);
    const path = `/Observation/${created.body.id!}`;
    expect((await send('PUT', path, created.body, { 'if-match': 'W/"1"' })).status).toBe(200);
    await send('DELETE', path);
    expect((await send('PUT', path, created.body)).status).toBe(201);
    const { rest } = (await send<CapabilityStatement>('GET', '/metadata')).body;
    expect(rest![0]!.resource!.map(({ updateCreate }) => updateCreate)).not.toContain(true);
  });

  test('stores milliseconds cuts off what is finer, wherever a time stands, and nothing else', async () => {
    const send = await started({ behaves: ['ms-precision'] });
    const fine = (zone: string) => `2026-01-02T10:00:00.1239999${zone}`;
    const { effectiveDateTime: _, ...timeless } = observation('ms');
    const text = JSON.stringify({
      ...timeless,
      effectivePeriod: { start: fine('Z'), end: '2026-01-02T11:00:00.1Z' },
      issued: fine('+01:00'),
      valueString: fine('Z'),
      extension: [{ url: 'a', extension: [{ url: 'b', valueInstant: fine('Z') }] }],
      note: [{ text: fine('Z'), time: '2026' }],
      component: [{ code: { text: 'weight' }, valueQuantity: { value: 22.4 } }],
    }).replace('22.4}', '22.40}');
    const { body, headers } = await send<Observation>('POST', '/Observation', text);
    expect(body).toMatchObject({
      effectivePeriod: { start: '2026-01-02T10:00:00.123Z', end: '2026-01-02T11:00:00.1Z' },
      issued: '2026-01-02T10:00:00.123+01:00',
      valueString: fine('Z'),
      extension: [{ url: 'a', extension: [{ url: 'b', valueInstant: '2026-01-02T10:00:00.123Z' }] }],
      note: [{ text: fine('Z'), time: '2026' }],
    });
    expect((await send('GET', headers.get('location')!)).text).toContain('22.40');
  });

  test('ignores If-None-Match replaces what exists, and heeds If-Match', async () => {
    const send = await started({ behaves: ['ignores-if-none-match'] });
    expect(await thirdWrite(send, 'a', { 'if-none-match': '*' })).toBe(200);
    expect(await thirdWrite(send, 'b', { 'if-match': 'W/"{first}"' })).toBe(412);
  });

  test('strips meta shows none, anywhere, and names versions by ETag alone', async () => {
    const send = await started({ behaves: ['strips-meta'] });
    const meta = { profile: ['http://example.org/profile'], tag: [{ code: 'kept' }] };
    const put = () => send<Observation>('PUT', '/Observation/a', observation('a', { id: 'a', meta }));
    const [created, replaced] = [await put(), await put()];
    expect([created, replaced].map(({ headers }) => headers.get('etag'))).toEqual(['W/"1"', 'W/"2"']);
    const entry = [{ resource: observation('b', { meta }), request: { method: 'POST', url: 'Observation' } }];
    const seen = [
      created,
      await send('GET', '/Observation/a'),
      await send('GET', `/Observation?${by('a')}`),
      await send('GET', '/Observation/a/_history'),
      await send('POST', '', { resourceType: 'Bundle', type: 'batch', entry }),
    ];
    expect(seen.map(({ text }) => text.includes('"resourceType":"Observation"'))).toEqual(seen.map(() => true));
    expect(seen.filter(({ text }) => text.includes('"meta"'))).toEqual([]);
    expect((await send('PUT', '/Observation/a', observation('a', { id: 'a' }), { 'if-match': 'W/"1"' })).status).toBe(
      412,
    );
  });

  test('sends no ETag names versions in meta alone', async () => {
    const send = await started({ behaves: ['no-etag'] });
    const { headers, body } = await send<Observation>('PUT', '/Observation/a', observation('a', { id: 'a' }));
    expect([headers.get('etag'), headers.get('last-modified'), body.meta!.versionId]).toEqual([null, null, '1']);
    expect(headers.get('location')).toMatch(/\/Observation\/a$/);
    const entry = [{ resource: observation('b'), request: { method: 'POST', url: 'Observation' } }];
    const history = await send<Bundle>('GET', '/Observation/a/_history');
    const batch = await send<Bundle>('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    expect([history, batch].filter(({ text }) => text.includes('etag'))).toEqual([]);
    const stale = await send('PUT', '/Observation/a', body, { 'if-match': 'W/"9"' });
    expect(stale.status).toBe(412);
  });

  test('may answer an empty search as before does so for a minute, by GET and by POST', async () => {
    let now = 0;
    const send = await started({ behaves: ['hapi'], now: () => now });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const find = async (): Promise<number[]> => {
      const byGet = await send<Bundle>('GET', `/Observation?${by('a')}`);
      const byPost = await send<Bundle>('POST', '/Observation/_search', by('a'), form);
      return [byGet, byPost].map(({ body }) => body.total!);
    };
    expect(await find()).toEqual([0, 0]);
    await send('POST', '/Observation', observation('a'));
    now = 59_999;
    expect(await find()).toEqual([0, 0]);
    now = 60_000;
    expect(await find()).toEqual([1, 1]);
  });

  test('behaves in two ways does as both, and as the later where they differ', async () => {
    const send = await started({ behaves: ['medplum', 'hapi', 'no-etag', { staleIfMatch: 412 }] });
    const { headers, body } = await send<Observation>('PUT', '/Observation/a', observation('a', { id: 'a' }));
    expect([headers.get('etag'), UUID.test(body.meta!.versionId!)]).toEqual([null, true]);
    expect(await thirdWrite(send, 'b', { 'if-match': 'W/"{first}"' })).toBe(412);
    const unknown = await send('PUT', '/Observation/c', observation('c', { id: 'c' }), { 'if-match': 'W/"1"' });
    expect(unknown.status).toBe(201);
  });

  test('is started on the file of another behaviour knows the versions in it', async () => {
    const file = join(folder, 'taken-over.db');
    const first = await startFhirServer({ file, behaves: ['medplum'] });
    const { headers } = await sendTo(first, 'PUT', '/Observation/a', observation('a', { id: 'a' }));
    await first.stop();
    const send = await started({ file });
    const tag = headers.get('etag')!;
    expect((await send('GET', '/Observation/a')).headers.get('etag')).toBe(tag);
    const update = await send('PUT', '/Observation/a', observation('a', { id: 'a' }), { 'if-match': tag });
    expect([update.status, update.headers.get('etag')]).toEqual([200, 'W/"2"']);
  });
});

async function fill(file: string, count: number): Promise<void> {
  loadDefinitions();
  const store = new ResourceStore(openDatabase(file));
  const repository = new SqliteRepository(store, 'http://127.0.0.1/fhir');
  await repository.withTransaction(() => {
    for (let i = 0; i < count; i++) {
      const device = { reference: `Device/d${i % 100}` };
      repository.put(observation(`many-${i}`, { id: `many-${i}`, device }), {});
    }
    return Promise.resolve();
  });
  store.close();
}
