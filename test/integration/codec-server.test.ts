import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import pino from 'pino';
import { createCodecAccess } from '../../privacy/codec-access.ts';
import type { CodecUse } from '../../privacy/codec-answers.ts';
import type { CodecServer } from '../../privacy/codec-server.ts';
import { startCodecServer } from '../../privacy/codec-server.ts';
import { createKeyRing } from '../../privacy/key-ring.ts';
import { createPayloadCodec } from '../../privacy/payload-codec.ts';
import { payloadsToJson } from '../../privacy/payloads-json.ts';
import { findTemporal } from '../../sandbox/temporal-executable.ts';
import { keyOf, randomKey } from '../support/encryption-keys.ts';
import { LocalSystem } from '../support/local-system.ts';
import { eventually } from '../support/eventually.ts';
import { marksIn } from '../support/marks.ts';
import { TEST_TEMPORAL } from '../support/temporal-setup.ts';

const TOKEN = 'token-of-the-tests-0001';
/** Payloads are base64 in what it prints. */
const MARKS = { device: 'monitor-a' };
const UI = 'http://127.0.0.1:8233';
const k1 = keyOf('k1');
const codec = createPayloadCodec(createKeyRing([k1]));
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);

let now = Date.now();
let uses: CodecUse[];
let logged: object[];
let server: CodecServer;

beforeEach(async () => {
  uses = [];
  logged = [];
  now = Date.now();
  server = await startServer(codec);
});
afterEach(async () => {
  await server.stop();
});

async function startServer(of: typeof codec): Promise<CodecServer> {
  return await startCodecServer({
    ...{ host: '127.0.0.1', port: 0, codec: of, origins: [UI] },
    access: createCodecAccess([TOKEN], () => now),
    onUse: (use) => uses.push(use),
    log: pino({}, { write: (line: string) => logged.push(JSON.parse(line) as object) }),
  });
}

async function post(path: string, body: string, headers: Record<string, string> = {}, method = 'POST') {
  const sent = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers };
  const response = await fetch(`${server.url}${path}`, { method, headers: sent, ...(method === 'POST' && { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const encrypted = async (value: unknown): Promise<string> => payloadsToJson(await codec.encode([payload(value)]));

describe('the protocol', () => {
  test('decodes what is encrypted and leaves the rest as it is, below any path', async () => {
    const mixed = [...(await codec.encode([payload({ patient: 'p' })])), payload('plain')];
    for (const path of ['/decode', '/codec/default/decode']) {
      const { status, text } = await post(path, payloadsToJson(mixed), { 'x-namespace': 'default' });
      expect({ status, text }).toEqual({
        status: 200,
        text: payloadsToJson([payload({ patient: 'p' }), payload('plain')]),
      });
    }
    expect(uses).toContainEqual({ operation: 'decode', payloadCount: 2, provenBy: 'token' });
  });

  test('encodes what can be decoded again', async () => {
    const { text } = await post('/encode', payloadsToJson([payload('secret')]));
    expect(text).not.toContain(Buffer.from('"secret"').toString('base64'));
    expect((await post('/decode', text)).text).toBe(payloadsToJson([payload('secret')]));
  });

  test('takes no payloads, as a query without arguments has, and a payload without data or metadata', async () => {
    expect(await post('/encode', '{}')).toMatchObject({ status: 200, text: '{"payloads":[]}' });
    expect(await post('/decode', '{"payloads":[{},{"metadata":null,"data":""}]}')).toMatchObject({ status: 200 });
  });

  test.each([
    { name: 'no JSON', path: '/decode', body: '{"payloads": [', status: 400 },
    { name: 'JSON of something else', path: '/decode', body: '{"payloads": "patient-4711"}', status: 400 },
    { name: 'data that is no base64', path: '/decode', body: '{"payloads": [{"data": "§patient-4711"}]}', status: 400 },
    { name: 'another path', path: '/decode/x', body: '{}', status: 404 },
    { name: 'another method', path: '/decode', body: '', method: 'GET', status: 405 },
  ])('$name is refused, and nothing of it is said', async ({ path, body, method, status }) => {
    const refused = await post(path, body, {}, method);
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.text)).toEqual({ error: expect.any(String) });
    expect(refused.text).not.toContain('4711');
  });

  test('a body beyond the limit is refused', async () => {
    expect((await post('/decode', 'x'.repeat(33 * 1024 * 1024))).status).toBe(413);
  });

  test('what requests hold together is bounded; those that are broken off give it back', async () => {
    const size = 30 * 1024 * 1024;
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-length': String(size) };
    const unfinished = Array.from({ length: 3 }, () => {
      const request = httpRequest(`${server.url}/decode`, { method: 'POST', headers });
      request.on('error', () => undefined); // it is broken off on purpose
      request.write(Buffer.alloc(size - 1, ' '));
      return request;
    });
    const [refused] = await Promise.race(
      unfinished.map((request) => once(request, 'response') as Promise<[IncomingMessage]>),
    );
    expect(refused.statusCode).toBe(429);
    for (const request of unfinished) request.destroy();
    await eventually(async () => {
      const all = await Promise.all(Array.from({ length: 2 }, () => post('/decode', ' '.repeat(size))));
      expect(all.map(({ status }) => status)).toEqual([400, 400]);
    });
    expect(logged).toEqual([]);
  });

  test('a defect is answered without its words, and logged', async () => {
    await server.stop();
    server = await startServer({ ...codec, decode: () => Promise.reject(new TypeError('patient-4711')) });
    const { status, text } = await post('/decode', await encrypted('secret'));
    expect([status, JSON.parse(text)]).toEqual([500, { error: 'it could not be done' }]);
    expect(logged).toEqual([expect.objectContaining({ level: 50, err: expect.anything() })]);
    await post('/decode', '{"payloads": [');
    expect(logged).toHaveLength(1);
  });

  test('a payload whose key is not there is refused by the id of the key', async () => {
    const body = await encrypted('secret');
    await server.stop();
    server = await startServer(createPayloadCodec(createKeyRing([keyOf('k2')])));
    const { status, text } = await post('/decode', body);
    expect([status, text]).toEqual([422, expect.stringContaining('Expected the encryption key k1')]);
  });
});

describe('who may ask', () => {
  test.each(['', 'Bearer another-token-0000', 'Basic dTpw', 'Bearer '])(
    'not whoever sends %j',
    async (authorization) => {
      const { status, headers, text } = await post('/decode', await encrypted('secret'), { authorization });
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(text).not.toContain('data');
      expect(uses).toEqual([]);
      expect(logged).toEqual([
        expect.objectContaining({ level: 40, status: 401, asked: 'decode', address: '127.0.0.1' }),
      ]);
      expect(JSON.stringify(logged)).not.toContain('another-token');
    },
  );

  test('a page of the UI, and no page of another origin, though it has the token', async () => {
    const body = await encrypted('secret');
    const ours = await post('/decode', body, { origin: UI });
    expect([ours.status, ours.headers.get('access-control-allow-origin')]).toEqual([200, UI]);
    expect(ours.headers.get('access-control-allow-credentials')).toBe('true');
    for (const origin of ['http://127.0.0.1:8234', 'https://evil.example', 'null']) {
      const { status, headers } = await post('/decode', body, { origin });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect(logged.at(-1)).toMatchObject({ status: 403, asked: 'decode', origin });
    }
  });

  test('before it asks, the browser is told what the UI may send', async () => {
    const asked = await post('/decode', '', { origin: UI, authorization: '' }, 'OPTIONS');
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization, content-type, x-namespace');
    expect((await post('/decode', '', { origin: 'https://evil.example' }, 'OPTIONS')).status).toBe(403);
  });
});

describe('a browser', () => {
  const signIn = (token: string) =>
    fetch(server.url, { method: 'POST', body: new URLSearchParams({ token }), headers: { origin: server.url } });
  const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const decode = async (cookie: string) =>
    await post('/decode', await encrypted('secret'), { cookie, authorization: '', origin: UI });

  test('signs in with the token for twelve hours', async () => {
    expect(await (await fetch(server.url)).text()).toContain('type="password"');
    const response = await signIn(TOKEN);
    expect(response.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict$/);
    expect(cookieOf(response)).not.toContain(TOKEN);
    expect((await decode(`other=1; ${cookieOf(response)}`)).status).toBe(200);
    expect(uses).toEqual([{ operation: 'decode', payloadCount: 1, provenBy: 'session' }]);
    now += 12 * 3600 * 1000;
    expect((await decode(cookieOf(response))).status).toBe(401);
  });

  test('does not, with another token, nor with a session of its own making', async () => {
    const response = await signIn('token-of-the-tests-0002');
    expect([response.status, cookieOf(response)]).toEqual([401, '']);
    const [name, value = ''] = cookieOf(await signIn(TOKEN)).split('=');
    const [end = '', signature = ''] = value.split('.');
    for (const forged of [`${Number(end) + 1}.${signature}`, `${end}.`, end, '']) {
      expect((await decode(`${name}=${forged}`)).status).toBe(401);
    }
  });
});

describe('signing in', () => {
  const signIn = (body: string, headers: Record<string, string> = {}) =>
    fetch(server.url, { method: 'POST', body, headers });

  test.each([
    { name: 'with no page behind it', origin: undefined, status: 200 },
    { name: 'by a listed page', origin: UI, status: 200 },
    { name: 'by its own page', origin: 'own', status: 200 },
    { name: 'by a page of another origin', origin: 'https://evil.example', status: 403 },
    { name: 'by a page without an origin', origin: 'null', status: 403 },
  ])('$name: $status', async ({ origin, status }) => {
    const from = origin === 'own' ? server.url : origin;
    const response = await signIn(`token=${TOKEN}`, from === undefined ? {} : { origin: from });
    expect([response.status, response.headers.has('set-cookie')]).toEqual([status, status === 200]);
    expect(logged).toHaveLength(status === 200 ? 0 : 1);
  });

  test('takes no more than a token is long: nobody has shown anything yet', async () => {
    expect((await signIn(`token=${TOKEN}&more=${'x'.repeat(4096)}`)).status).toBe(413);
  });

  test('with another token leaves a trace, and not the token', async () => {
    expect((await signIn('token=token-of-the-tests-0002')).status).toBe(401);
    expect(logged).toEqual([expect.objectContaining({ level: 40, status: 401, asked: 'sign-in' })]);
    expect(JSON.stringify(logged)).not.toContain('0002');
  });
});

describe('Temporal’s command line', () => {
  let system: LocalSystem;
  beforeAll(async () => {
    system = await LocalSystem.start({
      encryptionKeys: `k1:${Buffer.from(k1.bytes).toString('base64')}`,
      idHashKey: randomKey(),
    });
    await system.register('monitor-a', 'patient-a');
    await system.startWorker();
    await system.startBridge();
    await system.send('monitor-a', { deviceId: 'monitor-a', measuredAt: '2026-01-05T10:00:00Z', heartRate: 71 });
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(2);
    });
  });
  afterAll(async () => {
    await system.stop();
  });

  const temporal = async (command: string, ...more: string[]): Promise<string> => {
    const [workflowId = ''] = system.workflowIds('heartRate', 'monitor-a');
    const progress = (): undefined => undefined;
    const executable = await findTemporal({ named: process.env['IOMT_TEMPORAL_CLI'], cacheDir: undefined, progress });
    const args = ['workflow', command, '--output', 'json', '--workflow-id', workflowId];
    const { stdout } = await promisify(execFile)(executable, [
      ...args,
      '--address',
      process.env[TEST_TEMPORAL] ?? '',
      ...more,
    ]);
    return stdout;
  };

  test('asks a workflow, whose answer it can read then', async () => {
    const answer = await temporal(
      'query',
      '--name',
      'status',
      '--codec-endpoint',
      server.url,
      '--codec-auth',
      `Bearer ${TOKEN}`,
    );
    expect(answer).toContain('measurements taken in');
  });

  test('shows a history in words with the codec server, and none of it without', async () => {
    const decoded = await temporal('show', '--codec-endpoint', server.url, '--codec-auth', `Bearer ${TOKEN}`);
    expect(marksIn(Buffer.from(decoded), MARKS)).toEqual(['device']);
    const encoded = await temporal('show');
    expect(marksIn(Buffer.from(encoded), MARKS)).toEqual([]);
    expect(encoded).toContain(Buffer.from('binary/encrypted').toString('base64'));
  });
});
