import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Observation } from 'fhir/r4.js';
import type { SystemStatus } from '../../cli/status.ts';
import { randomKey } from '../support/encryption-keys.ts';
import { eventually } from '../support/eventually.ts';

const EXECUTABLE = fileURLToPath(new URL('../../cli/iomt-fhir.js', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', EXECUTABLE];

let dataDir: string;
let running: ChildProcess | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'iomt-start-'));
});

afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    running.kill('SIGINT');
    await once(running, 'exit');
  }
  await rm(dataDir, { recursive: true, force: true });
});

/** Without settings of whoever runs the tests, but for where a Temporal server is: no test may touch a real server. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(IOMT|TEMPORAL)_/.test(name) || ['IOMT_TEMPORAL_CLI', 'IOMT_CACHE_DIR'].includes(name),
  );
  return { ...Object.fromEntries(kept), IOMT_DATA_DIR: dataDir };
}

/** As `npm start` on a machine where the usual ports may be taken. */
function start(more: NodeJS.ProcessEnv = {}): { child: ChildProcess; output: () => string } {
  const environment = { ...ownEnvironment(), ...more, IOMT_SIMULATED_INTERVAL: '1s', IOMT_WINDOW: '2s' };
  const child = spawn(process.execPath, [...FLAGS, 'start'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function firstObservationUrl({ child, output }: ReturnType<typeof start>): Promise<string> {
  for (let waited = 0; waited < 90_000 && child.exitCode === null; waited += 100) {
    const url = /First Observation: (\S+)/.exec(output())?.[1];
    if (url !== undefined) return url;
    await rest(100);
  }
  throw new Error(`Expected the first Observation, got:\n${output()}`);
}

async function status(): Promise<SystemStatus> {
  const env = ownEnvironment();
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, 'status', '--json'], { env });
  return JSON.parse(stdout) as SystemStatus;
}

test('one command runs everything to a first Observation; stopped and started again, it goes on', async () => {
  const first = start();
  const url = await firstObservationUrl(first);
  const observation = (await (await fetch(url)).json()) as Observation;
  expect(observation.resourceType).toBe('Observation');
  expect(observation.subject?.reference).toMatch(/^Patient\/simulated-patient-\d$/);
  expect(first.output()).toMatch(
    /Ready\.[\s\S]*Temporal UI +http[\s\S]*FHIR R4 +http[\s\S]*Event Hubs +sb:[\s\S]*HTTP messages +http/,
  );

  first.child.kill('SIGINT');
  const [code] = (await once(first.child, 'exit')) as [number];
  expect({ code, output: first.output() }).toMatchObject({ code: 0, output: expect.stringMatching(/Stopped\.\n$/) });

  const second = start();
  await firstObservationUrl(second);
  const sums = await eventually(async () => {
    const now = await status();
    expect(now.workflows.received).toBe(now.ledgers.measurements);
    return now;
  });
  expect(sums.ledgers.events).toBeGreaterThan(2);
  expect(sums.workflows.silentCount).toBe(0);
  expect(sums.deadLetterCount).toBe(0);
});

test('with encryption keys, the UI is told of a codec server, which wants the token that is printed', async () => {
  const stack = start({ IOMT_ENCRYPTION_KEYS: `k1:${randomKey()}`, IOMT_ID_HASH_KEY: randomKey() });
  await firstObservationUrl(stack);
  const [, uiUrl = ''] = /Temporal UI +(\S+)/.exec(stack.output()) ?? [];
  const [, codecUrl = '', token = ''] = /Codec server +(\S+), token (\S+)/.exec(stack.output()) ?? [];
  const settings = (await (await fetch(`${uiUrl}/api/v1/settings`)).json()) as { Codec: { Endpoint: string } };
  expect(settings.Codec.Endpoint).toBe(codecUrl);
  const decode = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${codecUrl}/decode`, { method: 'POST', body: '{"payloads":[]}', headers: { origin: uiUrl, ...headers } });
  expect((await decode({})).status).toBe(401);
  expect(await (await decode({ authorization: `Bearer ${token}` })).json()).toEqual({ payloads: [] });
  expect(stack.output()).not.toContain('no encryption keys');
});

test('a part that ends by itself is started again', async () => {
  const stack = start();
  await firstObservationUrl(stack);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(stack.child.pid)]);
  const bridge = stdout.split('\n').find((line) => line.endsWith(' ingest-bridge'));
  process.kill(Number(bridge?.trim().split(' ')[0]), 'SIGKILL');
  await eventually(() => {
    expect(stack.output()).toContain('ingest-bridge ended; starting it again');
  });
  const before = (await status()).ledgers.events;
  await eventually(async () => {
    expect((await status()).ledgers.events).toBeGreaterThan(before);
  }, 90_000);
});

test('a stack that was killed leaves nothing in the way of the next', async () => {
  const killed = start();
  await firstObservationUrl(killed);
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');

  const next = start();
  await firstObservationUrl(next);
  const sums = await eventually(async () => {
    const now = await status();
    expect(now.workflows.received).toBe(now.ledgers.measurements);
    return now;
  });
  expect(sums.workflows.silentCount).toBe(0);
});

test('a second stack on the same folder is refused, and the first goes on', async () => {
  const first = start();
  await firstObservationUrl(first);
  const second = start();
  await once(second.child, 'exit');
  running = first.child;
  expect(second.output()).toMatch(/is in use by process \d+/);
  expect(first.output()).not.toContain('ended');
  expect((await status()).workflows.silentCount).toBe(0);
});
