import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../sandbox/fhir-faults/fault.ts';
import { startFaultProxy } from '../../sandbox/fhir-faults/fault-proxy.ts';
import type { FaultProxy } from '../../sandbox/fhir-faults/fault-proxy.ts';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import { Random } from '../kill/random.ts';

let server: FhirServer;
let proxy: FaultProxy;

beforeEach(async () => {
  server = await startFhirServer({ file: ':memory:' });
  const random = new Random(1);
  proxy = await startFaultProxy({ target: server.baseUrl, random: () => random.next() });
});

afterEach(async () => {
  await proxy.stop();
  await server.stop();
});

const patient = (id: string, extra = {}) => ({ resourceType: 'Patient', id, ...extra });

async function send(method: string, path: string, body?: unknown, headers = {}): Promise<Response> {
  return await fetch(`${proxy.baseUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** The status, or `cut` where the connection ended without an answer. */
async function heard(answer: Promise<Response>): Promise<number | 'cut'> {
  try {
    const response = await answer;
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 'cut';
  }
}

const isStored = async (id: string): Promise<boolean> => (await fetch(`${server.baseUrl}/Patient/${id}`)).ok;

describe('without faults', () => {
  test('answers are the server’s, with the proxy’s own base URL in their links', async () => {
    for (const id of ['a', 'b', 'c']) await send('PUT', `/Patient/${id}`, patient(id, { gender: 'other' }));
    const created = await send('PUT', '/Patient/d', patient('d', { gender: 'other' }));
    expect(created.headers.get('location')).toBe(`${proxy.baseUrl}/Patient/d/_history/1`);
    expect(created.headers.get('etag')).toBe('W/"1"');
    const ids: string[] = [];
    for (let url: string | undefined = `${proxy.baseUrl}/Patient?gender=other&_count=3&_sort=_id`; url;) {
      expect(url.startsWith(`${proxy.baseUrl}/`)).toBe(true);
      const bundle = (await (await fetch(url)).json()) as {
        entry: { fullUrl: string; resource: { id: string } }[];
        link: { relation: string; url: string }[];
      };
      ids.push(...bundle.entry.map(({ resource }) => resource.id));
      expect(bundle.entry[0]!.fullUrl).toBe(`${proxy.baseUrl}/Patient/${bundle.entry[0]!.resource.id}`);
      url = bundle.link.find(({ relation }) => relation === 'next')?.url;
    }
    expect(ids).toEqual(['a', 'b', 'c', 'd']);
  });

  test('conditions, queries and refusals pass through', async () => {
    await send('PUT', '/Patient/a', patient('a'));
    expect((await send('PUT', '/Patient/a', patient('a'), { 'if-match': 'W/"9"' })).status).toBe(412);
    expect((await send('PUT', '/Patient/a', patient('a'), { 'if-none-match': '*' })).status).toBe(412);
    expect((await send('GET', '/Patient/a', undefined, { 'if-none-match': 'W/"1"' })).status).toBe(304);
    expect((await send('GET', '/Patient?bogus=1')).status).toBe(400);
    expect((await send('DELETE', '/Patient/a')).status).toBe(200);
    expect((await send('GET', '/Patient/a')).status).toBe(410);
  });

  test('other bytes stay as they are', async () => {
    const text = `{"resourceType":"Observation","status":"final","code":{"text":"wëight – 体重"},"valueQuantity":{"value":22.40},"note":[{"text":"${server.baseUrl}extra ${server.baseUrl}/Patient/a"}]}`;
    const answer = await send('POST', '/Observation', text);
    const seen = await answer.text();
    expect(seen).toContain('"value":22.40}');
    expect(seen).toContain('wëight – 体重');
    expect(seen).toContain(`${server.baseUrl}extra ${proxy.baseUrl}/Patient/a`);
    expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(seen));
    const direct = await fetch(answer.headers.get('location')!.replace(proxy.baseUrl, server.baseUrl));
    expect(await direct.text()).toContain(`${server.baseUrl}extra ${server.baseUrl}/Patient/a`);
  });

  test('a connection that is kept alive serves one request after the other', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        httpRequest(`${proxy.baseUrl}/metadata`, { agent }, resolve).on('error', reject).end();
      });
      ports.push(answer.socket.localPort);
      expect((await buffer(answer)).length).toBe(Number(answer.headers['content-length']));
    }
    agent.destroy();
    expect(new Set(ports).size).toBe(1);
  });
});

describe('a server of another kind behind the proxy', () => {
  let other: Server;
  let before: FaultProxy;
  let answerWith: { headers: Record<string, string>; body: Buffer };
  let received: { rawHeaders: string[]; body: Buffer } | undefined;

  beforeEach(async () => {
    other = createServer((request, response) => {
      void buffer(request).then((body) => {
        received = { rawHeaders: request.rawHeaders, body };
        response.writeHead(200, answerWith.headers).end(answerWith.body);
      });
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    before = await startFaultProxy({ target: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` });
  });

  afterEach(async () => {
    await before.stop();
    other.close();
  });

  test('gets the request’s bytes and headers, and is asked for an answer that is not compressed', async () => {
    answerWith = { headers: {}, body: Buffer.alloc(0) };
    const body = Buffer.from([0, 255, 34, 195, 40]);
    const headers = { 'X-Request-Id': 'a', 'If-Match': 'W/"7"', 'accept-encoding': 'gzip' };
    await fetch(`${before.baseUrl}/Binary/1`, { method: 'PUT', headers, body });
    const sent = Object.fromEntries(
      received!.rawHeaders.flatMap((name, i) =>
        i % 2 === 0 ? [[name.toLowerCase(), received!.rawHeaders[i + 1]]] : [],
      ),
    );
    expect(received!.body).toEqual(body);
    expect(sent).toMatchObject({
      'x-request-id': 'a',
      'if-match': 'W/"7"',
      'accept-encoding': 'identity',
      'content-length': '5',
      host: `127.0.0.1:${(other.address() as AddressInfo).port}`,
    });
  });

  test('is heard as it is where its body is no JSON, or compressed', async () => {
    const base = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const headers of [
      { 'content-type': 'text/plain', 'x-kept': 'a' },
      { 'content-type': 'application/json', 'content-encoding': 'x-own', 'x-kept': 'a' },
    ]) {
      answerWith = { headers, body: Buffer.from(`"${base}/Patient"`) };
      const answer = await fetch(`${before.baseUrl}/Patient`);
      expect([await answer.text(), answer.headers.get('x-kept')]).toEqual([`"${base}/Patient"`, 'a']);
    }
  });

  test('may go away: the client’s connection is cut, and works again when the server is back', async () => {
    answerWith = { headers: {}, body: Buffer.from('{}') };
    const { port } = other.address() as AddressInfo;
    expect(await heard(fetch(before.baseUrl))).toBe(200);
    other.closeAllConnections();
    other.close();
    await once(other, 'close');
    expect(await heard(fetch(before.baseUrl))).toBe('cut');
    other.listen(port, '127.0.0.1');
    await once(other, 'listening');
    expect(await heard(fetch(before.baseUrl))).toBe(200);
  });
});

describe('a fault', () => {
  test('of a status is answered without the server, with Retry-After and an OperationOutcome', async () => {
    proxy.inject({ does: 'answer', status: 429, retryAfterSeconds: 2, method: 'PUT' });
    const answer = await send('PUT', '/Patient/a', patient('a'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
    expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
    expect(await answer.json()).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'throttled' }] });
    expect(await isStored('a')).toBe(false);
  });

  test('can answer with an outcome of its own', async () => {
    const outcome = { resourceType: 'OperationOutcome' as const, issue: [{ severity: 'error', code: 'invalid' }] };
    proxy.inject({ does: 'answer', status: 422, outcome });
    expect(await (await send('GET', '/Patient/a')).json()).toEqual(outcome);
  });

  test('that cuts before the server hears leaves nothing written', async () => {
    proxy.inject({ does: 'cut-before' });
    expect(await heard(send('PUT', '/Patient/a', patient('a')))).toBe('cut');
    expect(await isStored('a')).toBe(false);
  });

  test('that cuts after the server has answered leaves it written', async () => {
    proxy.inject({ does: 'cut-after' });
    expect(await heard(send('PUT', '/Patient/a', patient('a')))).toBe('cut');
    expect(await isStored('a')).toBe(true);
  });

  test('of broken JSON is half an answer, with the server’s status', async () => {
    proxy.inject({ does: 'broken-json' });
    const answer = await send('PUT', '/Patient/a', patient('a'));
    const whole = await (await fetch(`${server.baseUrl}/Patient/a`)).text();
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe(whole.slice(0, Math.floor(whole.length / 2)));
  });

  test('of a delay lets the server hear of it although the client has given up', async () => {
    proxy.inject({ does: 'delay', delayMs: 150 });
    const written = new Promise((resolve) => proxy.onAnswered(resolve));
    const hasty = fetch(`${proxy.baseUrl}/Patient/a`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(patient('a')),
      signal: AbortSignal.timeout(50),
    });
    await expect(hasty).rejects.toThrow();
    expect(await isStored('a')).toBe(false);
    expect(await written).toEqual({ method: 'PUT', path: '/Patient/a', status: 201 });
    expect(await isStored('a')).toBe(true);
  });

  test('hits the method and the path it names, the query included, as often as it says, and until it is taken away', async () => {
    const remove = proxy.inject({ does: 'answer', status: 500, method: 'GET', path: /^\/Patient\?.*gender/, times: 2 });
    const status = async (method: string, path: string) => heard(send(method, path));
    expect(await status('GET', '/Patient?_id=a')).toBe(200);
    expect(await status('DELETE', '/Patient?gender=other')).toBe(200);
    expect(await status('GET', '/Patient?_id=a&gender=other')).toBe(500);
    expect(await status('GET', '/Patient?gender=other')).toBe(500);
    expect(await status('GET', '/Patient?gender=other')).toBe(200);
    remove();
    const always = proxy.inject({ does: 'cut-before' });
    expect(await status('GET', '/metadata')).toBe('cut');
    always();
    expect(await status('GET', '/metadata')).toBe(200);
  });

  test('can hit a share of the requests by chance, and several kinds at the same time', async () => {
    proxy.inject({ does: 'answer', status: 503, share: 0.3 });
    proxy.inject({ does: 'cut-after', share: 0.3 });
    proxy.inject({ does: 'delay', delayMs: 1, share: 0.5 });
    const seen: unknown[] = [];
    for (let i = 0; i < 100; i++) seen.push(await heard(send('GET', '/metadata')));
    const count = (what: unknown): number => seen.filter((each) => each === what).length;
    const { answer, delay, ...cuts } = proxy.hitCounts();
    expect([count(503), count('cut'), count(200)]).toEqual([
      answer,
      cuts['cut-after'],
      100 - answer - cuts['cut-after'],
    ]);
    expect([answer, cuts['cut-after'], delay].filter((hits) => hits < 10 || hits > 70)).toEqual([]);
  });

  test.each<{ name: string; fault: unknown; problem: string }>([
    { name: 'a status that is none', fault: { does: 'answer', status: 200 }, problem: 'status: expected at least 400' },
    {
      name: 'a share above 1',
      fault: { does: 'cut-after', share: 20 },
      problem: 'share: expected a share of at most 1',
    },
    { name: 'a share of nothing', fault: { does: 'cut-after', share: 0 }, problem: 'share: expected a share above 0' },
    { name: 'no times', fault: { does: 'cut-after', times: 0 }, problem: 'times: expected at least 1' },
    { name: 'no delay', fault: { does: 'delay', delayMs: 0 }, problem: 'delayMs: expected a delay above 0' },
    {
      name: 'a path as text',
      fault: { does: 'cut-after', path: '/a' },
      problem: 'path: expected a regular expression',
    },
    {
      name: 'a path that remembers where it was',
      fault: { does: 'cut-after', path: /a/g },
      problem: 'path: expected a regular expression without the flags g and y',
    },
    {
      name: 'a method in lower case',
      fault: { does: 'cut-after', method: 'put' },
      problem: 'method: expected a method',
    },
    { name: 'an unknown kind', fault: { does: 'explode' }, problem: 'does: expected one of answer, delay' },
    { name: 'a member of another kind', fault: { does: 'cut-after', delayMs: 1 }, problem: 'delayMs' },
  ])('with $name is refused', ({ fault, problem }) => {
    expect(() => proxy.inject(fault as Fault)).toThrow(problem);
  });
});

describe('a listener', () => {
  test('is told of an answer before the client hears it, also of one that the client will not hear', async () => {
    const order: unknown[] = [];
    const remove = proxy.onAnswered(async (answered) => {
      order.push(answered, await isStored('a'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('done');
    });
    proxy.inject({ does: 'cut-after', method: 'PUT' });
    order.push(await heard(send('PUT', '/Patient/a', patient('a'))));
    order.push(await heard(send('GET', '/Patient?_id=a')));
    expect(order).toEqual([
      ...[{ method: 'PUT', path: '/Patient/a', status: 201 }, true, 'done', 'cut'],
      ...[{ method: 'GET', path: '/Patient?_id=a', status: 200 }, true, 'done', 200],
    ]);
    remove();
    expect(await heard(send('GET', '/Patient/a'))).toBe(200);
    expect(order).toHaveLength(8);
  });

  test('is told of a request before the server hears it', async () => {
    const seen: unknown[] = [];
    proxy.onArrived(async ({ method, path, headers }) => {
      if (method !== 'PUT') return;
      seen.push([method, path, headers['if-none-match'], await isStored('a')]);
      await fetch(`${server.baseUrl}${path}`, {
        method,
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify(patient('a')),
      });
    });
    expect(await heard(send('PUT', '/Patient/a', patient('a'), { 'if-none-match': '*' }))).toBe(412);
    expect(seen).toEqual([['PUT', '/Patient/a', '*', false]]);
  });

  test('hears nothing of what never goes to the server', async () => {
    const told: unknown[] = [];
    proxy.onAnswered((answered) => {
      told.push(answered);
    });
    proxy.onArrived((arrived) => {
      told.push(arrived);
    });
    proxy.inject({ does: 'cut-before', times: 1 });
    proxy.inject({ does: 'answer', status: 503, times: 1 });
    expect([await heard(send('GET', '/metadata')), await heard(send('GET', '/metadata'))]).toEqual(['cut', 503]);
    expect(told).toEqual([]);
  });

  test.each(['onArrived', 'onAnswered'] as const)(
    '%s that fails cuts the connection, and the stop tells of it',
    async (on) => {
      const doomed = await startFaultProxy({ target: server.baseUrl });
      doomed[on](() => {
        throw new Error('the listener broke');
      });
      expect(await heard(fetch(`${doomed.baseUrl}/metadata`))).toBe('cut');
      const stopped = doomed.stop();
      await expect(stopped).rejects.toMatchObject({ errors: [{ message: 'the listener broke' }] });
    },
  );

  test.each([
    { code: 'ERR_INVALID_ARG_TYPE', isDefect: true },
    { code: 'ERR_HTTP_HEADERS_SENT', isDefect: true },
    { code: 'ECONNRESET', isDefect: false },
    { code: 'ABORT_ERR', isDefect: false },
  ])('tells a defect from trouble of a connection: $code', async ({ code, isDefect }) => {
    const doomed = await startFaultProxy({ target: server.baseUrl });
    doomed.onArrived(() => {
      throw Object.assign(new Error('the listener broke'), { code });
    });
    expect(await heard(fetch(`${doomed.baseUrl}/metadata`))).toBe('cut');
    const stopped = doomed.stop();
    if (isDefect) await expect(stopped).rejects.toMatchObject({ errors: [{ code }] });
    else await stopped;
  });
});

describe('the proxy', () => {
  test.each(['', 'ftp://127.0.0.1/fhir', 'https://127.0.0.1/fhir', 'http://127.0.0.1/fhir?a=1', '127.0.0.1:80'])(
    'refuses the target %j',
    async (target) => {
      await expect(startFaultProxy({ target })).rejects.toThrow(
        'Expected the target of a fault proxy to be an http URL',
      );
    },
  );

  test('fails to start where its port is taken', async () => {
    await expect(startFaultProxy({ target: server.baseUrl, port: proxy.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('stops although somebody is being delayed, and cuts them off', async () => {
    const stopping = await startFaultProxy({ target: server.baseUrl });
    stopping.inject({ does: 'delay', delayMs: 600_000 });
    const waiting = heard(fetch(`${stopping.baseUrl}/metadata`));
    while (stopping.hitCounts().delay === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await stopping.stop();
    expect(await waiting).toBe('cut');
    expect(await heard(fetch(`${stopping.baseUrl}/metadata`))).toBe('cut');
  });

  test('answers what has arrived before it stops', async () => {
    const stopping = await startFaultProxy({ target: server.baseUrl });
    stopping.onAnswered(() => new Promise((resolve) => setTimeout(resolve, 50)));
    const arrived = new Promise((resolve) => stopping.onAnswered(resolve));
    const waiting = heard(fetch(`${stopping.baseUrl}/metadata`));
    await arrived;
    await stopping.stop();
    expect(await waiting).toBe(200);
  });
});
