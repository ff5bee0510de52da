import { expect, test } from '@jest/globals';
import { startHealthServer } from '../../../service/health-server.ts';
import { retryUntilDone } from '../../../service/retry.ts';

test('health is told with the status, and nothing else is served', async () => {
  let ok = true;
  const server = await startHealthServer('127.0.0.1', 0, () => ({ ok, details: { partitions: 2 } }));
  try {
    const ask = async (url: string, method = 'GET') => {
      const response = await fetch(url, { method });
      return [response.status, await response.json()];
    };
    expect(await ask(server.url)).toEqual([200, { status: 'ok', partitions: 2 }]);
    ok = false;
    expect(await ask(`${server.url}?now`)).toEqual([503, { status: 'unavailable', partitions: 2 }]);
    expect((await ask(server.url, 'POST'))[0]).toBe(404);
    expect((await ask(`${server.url}/x`))[0]).toBe(404);
    expect((await ask(new URL('/metrics', server.url).href))[0]).toBe(404);
  } finally {
    await server.stop();
  }
});

test('what is only degraded answers 200: a restart would not mend it', async () => {
  const server = await startHealthServer('127.0.0.1', 0, () => ({ ok: true, isDegraded: true, details: {} }));
  try {
    const response = await fetch(server.url);
    expect([response.status, await response.json()]).toEqual([200, { status: 'degraded' }]);
  } finally {
    await server.stop();
  }
});

test('metrics are served as Prometheus takes them; a failure of them is an answer too', async () => {
  let metrics = (): Promise<string> => Promise.resolve('iomt_x 1\n');
  const health = () => ({ ok: true, details: {} });
  const server = await startHealthServer('127.0.0.1', 0, health, () => metrics());
  try {
    const url = new URL('/metrics', server.url);
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'iomt_x 1\n',
    ]);
    metrics = () => Promise.reject(new Error('away'));
    expect((await fetch(url)).status).toBe(500);
    expect((await fetch(server.url)).status).toBe(200);
  } finally {
    await server.stop();
  }
});

test('what fails is tried again until it succeeds, and every failure is told', async () => {
  const told: number[] = [];
  let runs = 0;
  const run = (): Promise<string> => (++runs < 4 ? Promise.reject(new Error('not yet')) : Promise.resolve('done'));
  const onFailure = (_: unknown, attemptCount: number): void => {
    told.push(attemptCount);
  };
  const options = { signal: new AbortController().signal, onFailure, initialMs: 1, maximumMs: 2 };
  expect(await retryUntilDone(run, options)).toBe('done');
  expect(told).toEqual([1, 2, 3]);
});

test('a retry that is called off ends at once, in the middle of its rest', async () => {
  const abort = new AbortController();
  const retried = retryUntilDone(() => Promise.reject(new Error('never')), {
    signal: abort.signal,
    initialMs: 60_000,
    maximumMs: 60_000,
    onFailure: () => {
      abort.abort();
    },
  });
  await expect(retried).rejects.toThrow('aborted');
});
