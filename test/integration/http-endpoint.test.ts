import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import type { Logger } from 'pino';
import { loadConfig } from '../../config/load-config.ts';
import type { HttpEndpoint } from '../../http-endpoint/main.ts';
import { startHttpEndpoint } from '../../http-endpoint/main.ts';
import type { EventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import { startEventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import { partitionOfKey } from '../../service/partition-key-hash.ts';
import type { ReadEvent } from '../support/event-hubs-reader.ts';
import { readEvents } from '../support/event-hubs-reader.ts';
import { eventually } from '../support/eventually.ts';

const HUB = 'devicedata';
const TOKENS = 'first-token-0123456,second-token-012345';
const JSON_TYPE = { 'content-type': 'application/json' };

let dataDir: string;
let hub: EventHubsServer;
let endpoint: HttpEndpoint;
let logged: string[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'iomt-http-'));
  hub = await startHub();
  logged = [];
});

afterEach(async () => {
  await endpoint.stop();
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function startHub(port = 0): Promise<EventHubsServer> {
  const policies = { RootManageSharedAccessKey: 'SAS_KEY_VALUE' };
  return await startEventHubsServer({ dataDir, port, hubs: [{ name: HUB, partitionCount: 4 }], policies });
}

function log(): Logger {
  return pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
}

async function start(settings: Record<string, string> = {}): Promise<void> {
  const environment = {
    IOMT_EVENT_HUB_CONNECTION_STRING: hub.connectionString,
    IOMT_EVENT_HUB_NAME: HUB,
    IOMT_HTTP_PORT: '0',
    ...settings,
  };
  endpoint = await startHttpEndpoint(loadConfig(environment), log());
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

async function post(body: string | Uint8Array, headers: Record<string, string> = {}, query = ''): Promise<Answer> {
  const init = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: Buffer.from(body) };
  const response = await fetch(`${endpoint.url}${query}`, init);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

const read = (count: number): Promise<ReadEvent[]> =>
  readEvents({
    connectionString: hub.connectionString,
    hub: HUB,
    count,
    subscribe: { skipParsingBodyAsJson: true },
  });
const bodiesOf = (events: readonly ReadEvent[]): string[] => events.map(({ body }) => String(body));

describe('a message', () => {
  test('is an event of the hub when it is answered, in the bytes it came in', async () => {
    await start();
    const message = ' {"id": 9007199254740993, "heartRate": 7.10}';
    // fetch writes headers in Latin-1.
    const ward = Buffer.from('Säuglinge').toString('latin1');
    expect(await post(message, { 'iomt-property-ward': ward })).toMatchObject({
      status: 202,
      body: { accepted: 1 },
    });
    const [event] = await read(1);
    expect(String(event?.body)).toBe(message);
    expect(event).toMatchObject({ contentType: 'application/json', properties: { ward: 'Säuglinge' } });
  });

  test('of an array is one; lines of NDJSON are one each, in their order; gzip is inflated', async () => {
    await start();
    const ndjson = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
    expect(await post('[1,2]', {}, '?deviceId=a')).toMatchObject({ status: 202, body: { accepted: 1 } });
    const lines = gzipSync('{"n":1}\n{"n":2}\n\n{"n":3}');
    expect(await post(lines, ndjson, '?deviceId=a')).toMatchObject({ status: 202, body: { accepted: 3 } });
    expect(bodiesOf(await read(4))).toEqual(['[1,2]', '{"n":1}', '{"n":2}', '{"n":3}']);
  });

  test('of a device follows its earlier ones, where every SDK puts them', async () => {
    await start();
    const devices = ['monitor-1', 'Überwacher', 'c', 'd', 'e'];
    for (let n = 0; n < 5; n++) {
      await Promise.all(
        devices.map((deviceId) => post(JSON.stringify([deviceId, n]), {}, `?deviceId=${encodeURIComponent(deviceId)}`)),
      );
    }
    const events = await read(25);
    for (const deviceId of devices) {
      const own = events.filter(({ body }) => String(body).startsWith(`["${deviceId}"`));
      expect(bodiesOf(own)).toEqual([0, 1, 2, 3, 4].map((n) => JSON.stringify([deviceId, n])));
      expect(new Set(own.map(({ partitionId }) => partitionId))).toEqual(
        new Set([String(partitionOfKey(deviceId, 4))]),
      );
    }
  });

  test('among a thousand at once arrives, each once, many of them in one batch', async () => {
    await start();
    const numbers = Array.from({ length: 1000 }, (_, n) => n);
    const answers = await Promise.all(
      numbers.map((n) => post(String(n), n % 2 === 0 ? { 'iomt-device-id': `device-${n % 50}` } : {})),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const events = await read(1000);
    expect(
      bodiesOf(events)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(numbers);
    // Events of a batch are enqueued at the same instant.
    const batches = new Set(events.map((event) => `${event.partitionId} ${event.enqueuedTimeUtc.getTime()}`));
    expect(batches.size).toBeLessThan(500);
  });
});

describe('a request is refused', () => {
  test.each([
    { name: 'without a type', headers: { 'content-type': 'text/plain' }, body: '1', answer: { status: 415 } },
    { name: 'in another encoding', headers: { 'content-encoding': 'br' }, body: '1', answer: { status: 415 } },
    {
      name: 'when it is no JSON, with reason and place',
      headers: {},
      body: '{"name": "Anna Meier", }',
      answer: { status: 400, body: { code: 'BODY_NOT_JSON', line: 1, column: 24, title: 'Bad Request' } },
    },
    { name: 'when it is empty', headers: {}, body: '', answer: { status: 400 } },
    { name: 'when it is no gzip', headers: { 'content-encoding': 'gzip' }, body: '1', answer: { status: 400 } },
    { name: 'when it is large', headers: {}, body: `"${'a'.repeat(2000)}"`, answer: { status: 413 } },
    {
      name: 'when it becomes large',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(`"${'a'.repeat(50_000_000)}"`).subarray(0, 1000),
      answer: { status: 413 },
    },
    { name: 'with a header nobody knows', headers: { 'iomt-devic-id': 'a' }, body: '1', answer: { status: 400 } },
  ])('$name', async ({ headers, body, answer }) => {
    await start({ IOMT_HTTP_MAX_BODY: '1024' });
    const refused = await post(body, headers);
    expect(refused).toMatchObject(answer);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    // The connection and the endpoint go on, and nothing of it was sent or logged.
    expect((await post('"whole"')).status).toBe(202);
    expect(bodiesOf(await read(1))).toEqual(['"whole"']);
    expect(logged.join('')).not.toMatch(/Anna|Meier/);
  });

  test('as a whole when one of its lines is no JSON', async () => {
    await start();
    const type = { 'content-type': 'application/x-ndjson' };
    expect(await post('1\n2\nthree\n', type)).toMatchObject({ status: 400, body: { line: 3 } });
    await post('4');
    expect(bodiesOf(await read(1))).toEqual(['4']);
  });

  test('without a known token; several hold at once', async () => {
    await start({ IOMT_HTTP_TOKENS: TOKENS });
    const statusWith = async (authorization: string): Promise<number> =>
      (await post('1', authorization === '' ? {} : { authorization })).status;
    expect(await Promise.all(['', 'Bearer x', 'Bearer first-token-0123457'].map(statusWith))).toEqual([401, 401, 401]);
    expect((await post('1')).headers.get('www-authenticate')).toBe('Bearer');
    expect(await Promise.all(TOKENS.split(',').map((token) => statusWith(`Bearer ${token}`)))).toEqual([202, 202]);
    expect(await read(2)).toHaveLength(2);
    expect(logged.join('')).not.toContain('token-01');
  });

  test('under a name that is not this machine’s, where no token protects it', async () => {
    await start();
    const asked = await rawPost({ ...JSON_TYPE, host: 'evil.example' }, '1');
    expect(asked.statusCode).toBe(421);
    expect((await post('1')).status).toBe(202);
  });

  test('by another method or path, with what is expected', async () => {
    await start();
    expect((await fetch(endpoint.url)).status).toBe(405);
    expect((await fetch(endpoint.url)).headers.get('allow')).toBe('POST');
    expect((await fetch(endpoint.url.replace('/messages', '/message'), { method: 'POST' })).status).toBe(404);
  });

  test.each(['//', '//messages:x', 'http://['])('for %s, which names no path', async (path) => {
    await start({ IOMT_HTTP_TOKENS: TOKENS });
    const { hostname, port } = new URL(endpoint.url);
    const request = httpRequest({ hostname, port, path });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect([response.statusCode, JSON.parse(await text(response))]).toEqual([
      400,
      expect.objectContaining({ detail: 'Expected a path, as /messages' }),
    ]);
    expect(logged.join('')).not.toContain('defect');
  });

  test('before its body is sent, when the sender asks first', async () => {
    await start({ IOMT_HTTP_TOKENS: TOKENS });
    const refused = await rawPost({ ...JSON_TYPE, expect: '100-continue' }, undefined);
    expect(refused.statusCode).toBe(401);
  });

  test('when it is more than an event of the hub can hold', async () => {
    await start({ IOMT_HTTP_MAX_BODY: '4000000' });
    const message = JSON.stringify('a'.repeat(2 ** 20));
    expect(await post(message)).toMatchObject({ status: 413 });
    const nearly = JSON.stringify('a'.repeat(2 ** 20 - 2000));
    expect(await post(nearly)).toMatchObject({ status: 202 });
    // Several of them go in several batches.
    expect(await post(Array(3).fill(nearly).join('\n'), { 'content-type': 'application/x-ndjson' })).toMatchObject({
      status: 202,
      body: { accepted: 3 },
    });
    expect(await read(4)).toHaveLength(4);
  });
});

test('what requests hold together is bounded; those that are broken off give it back', async () => {
  await start({ IOMT_HTTP_MAX_BODY: '16000000' });
  const begun = Buffer.alloc(15_000_000, ' ');
  // One more than there is room for; one of them is inflated.
  const unfinished = Array.from({ length: 5 }, (_, n) => {
    const isGzip = n === 0;
    const size = isGzip ? { 'content-encoding': 'gzip' } : { 'content-length': '16000000' };
    const request = httpRequest(endpoint.url, { method: 'POST', headers: { ...JSON_TYPE, ...size } });
    request.on('error', () => undefined); // it is broken off on purpose
    request.write(isGzip ? gzipSync(begun).subarray(0, -8) : begun);
    return request;
  });
  const [refused] = await Promise.race(
    unfinished.map((request) => once(request, 'response') as Promise<[IncomingMessage]>),
  );
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '1']);
  for (const request of unfinished) request.destroy();
  await eventually(async () => {
    const large = await Promise.all(Array.from({ length: 6 }, () => post(`"${'a'.repeat(10_000_000)}"`)));
    expect(new Set(large.map(({ status }) => status))).toEqual(new Set([413])); // read, and too large for the hub
  });
});

test('a body that is not read to its end does not block its connection', async () => {
  await start({ IOMT_HTTP_MAX_BODY: '1024' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statusOf = async (body: Buffer): Promise<number | undefined> => {
    const request = httpRequest(endpoint.url, { method: 'POST', agent, headers: JSON_TYPE });
    const flushed = once(request, 'finish');
    request.write(body.subarray(0, 1)); // without a length
    request.end(body.subarray(1));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await Promise.all([text(response), flushed]);
    return response.statusCode;
  };
  expect(await statusOf(Buffer.alloc(20_000_000, ' '))).toBe(413);
  expect(await statusOf(Buffer.from('11'))).toBe(202);
  agent.destroy();
});

/** With headers that fetch does not let through; the body is sent only when it is asked for. */
async function rawPost(headers: RequestOptions['headers'], body: string | undefined): Promise<IncomingMessage> {
  const request = httpRequest(endpoint.url, { method: 'POST', ...(headers && { headers }) });
  if (body === undefined) request.flushHeaders();
  else request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await text(response);
  request.destroy();
  return response;
}

test('beyond this machine it does not start without a token', async () => {
  await expect(start({ IOMT_HTTP_HOST: '0.0.0.0' })).rejects.toThrow('IOMT_HTTP_TOKENS is not set');
  await start();
});

describe('a hub that is away', () => {
  test('is told with 503, and by health; what was acknowledged is there, and nothing else is missing later', async () => {
    await start();
    const { port } = hub;
    expect((await post('0')).status).toBe(202);
    await hub.stop();
    const refused = await Promise.all(['1', '2', '3'].map((body) => post(body)));
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { accepted: 0, title: 'Service Unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    const health = (): Promise<Response> => fetch(endpoint.url.replace('/messages', '/health'));
    expect((await health()).status).toBe(503);

    hub = await startHub(port);
    await eventually(async () => {
      expect((await post('4')).status).toBe(202);
    });
    expect((await health()).status).toBe(200);
    expect(bodiesOf(await read(2))).toEqual(expect.arrayContaining(['0', '4']));
    expect(logged.join('')).toContain('the hub did not take messages');
  });

  test('and back under load costs no message that was acknowledged', async () => {
    await start();
    const { port } = hub;
    const acknowledged: string[] = [];
    let isOver = false;
    const send = async (device: number): Promise<void> => {
      for (let n = 0; !isOver; n++) {
        const message = JSON.stringify({ device, n });
        const { status } = await post(message, { 'iomt-device-id': `device-${device}` });
        expect([202, 503]).toContain(status);
        if (status === 202) acknowledged.push(message);
      }
    };
    const enough = (count: number): Promise<void> =>
      eventually(() => {
        expect(acknowledged.length).toBeGreaterThan(count);
      });
    const sending = Promise.all(Array.from({ length: 20 }, (_, device) => send(device)));
    await enough(100);
    hub.dropConnections();
    await enough(acknowledged.length + 100);
    await hub.stop();
    hub = await startHub(port);
    await enough(acknowledged.length + 100);
    isOver = true;
    await sending;
    const arrived = new Set(bodiesOf(await read(acknowledged.length)));
    expect(acknowledged.filter((message) => !arrived.has(message))).toEqual([]);
  });

  test('from the start lets the endpoint start; it takes messages once the hub is there', async () => {
    const { port } = hub;
    await hub.stop();
    await start();
    expect((await post('1')).status).toBe(503);
    hub = await startHub(port);
    await eventually(async () => {
      expect((await post('2')).status).toBe(202);
    });
  });
});

test('a stop answers what has come, and refuses what comes then', async () => {
  await start();
  const open = httpRequest(endpoint.url, { method: 'POST', headers: JSON_TYPE });
  open.write('{"half": ');
  await post('1');
  const answered = once(open, 'response') as Promise<[IncomingMessage]>;
  const stopped = endpoint.stop();
  await expect(post('2')).rejects.toThrow();
  open.end('"whole"}');
  const [response] = await answered;
  expect([response.statusCode, await text(response)]).toEqual([202, '{"accepted":1}']);
  await stopped;
  expect(bodiesOf(await read(2)).sort()).toEqual(['1', '{"half": "whole"}']);
  await start();
});
