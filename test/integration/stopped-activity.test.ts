import { expect, test } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';

const CHILD = fileURLToPath(new URL('../support/delivering-child.ts', import.meta.url));

/** What a FHIR server hears of an activity whose process is stopped for so long just after it has asked. */
async function deliver(
  stoppedForMs: number,
  heartbeatTimeoutMs: number,
): Promise<{ heard: string[]; outcome: unknown }> {
  const heard: string[] = [];
  let answer: (() => void) | undefined;
  const server = createServer((request, response) => {
    heard.push(`${request.method ?? ''} ${request.url?.split('?')[0] ?? ''}`);
    request.resume();
    answer = () => response.writeHead(heard.at(-1)?.startsWith('PUT') === true ? 201 : 404).end('{}');
    if (heard.length > 1) answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const args = [`http://127.0.0.1:${port}/fhir`, String(heartbeatTimeoutMs)];
  const child = fork(CHILD, args, { silent: true });
  const outcome = once(child, 'message');
  try {
    await eventually(() => {
      expect(heard).toEqual(['GET /fhir/Observation/x']);
    });
    child.kill('SIGSTOP');
    await eventually(async () => {
      expect(await readFile(`/proc/${child.pid ?? 0}/stat`, 'utf8')).toContain(') T ');
    });
    answer?.(); // it lies in the stopped process's socket, and is the first thing it sees
    await rest(stoppedForMs);
    child.kill('SIGCONT');
    return { heard, outcome: ((await outcome) as unknown[])[0] };
  } finally {
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}

test('an activity that was stopped for longer than its heartbeat allows sends nothing any more', async () => {
  const { heard, outcome } = await deliver(2_000, 2_000);
  expect(outcome).toBe('DELIVERY_UNFINISHED');
  expect(heard).toHaveLength(1);
});

test('one that was stopped for a moment goes on', async () => {
  const { heard, outcome } = await deliver(0, 30_000); // a busy machine is stopped for a moment too
  expect(outcome).toBe('created');
  expect(heard.at(-1)).toBe('PUT /fhir/Observation/x');
});
