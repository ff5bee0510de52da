import { afterEach, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The kill test in short; `npm run test:kill` has all of it. */
const MAIN = fileURLToPath(new URL('../kill/main.ts', import.meta.url));
const TROUBLES = ['worker-mid-put', 'fhir-mid-put', 'bridge-mid-signal', 'temporal', 'hub'];

/** Below the limit of the test: what hangs is then told with its seed. */
const LIMIT_SECONDS = 240;

let running: ChildProcess | undefined;
let output: string;

afterEach(async () => {
  if (running?.exitCode !== null || running.signalCode !== null) return;
  process.stderr.write(`The kill test was cut off; it had said:\n${output}\n`);
  running.kill('SIGTERM');
  await once(running, 'exit');
});

test('whoever is killed, in whatever order: every reading is in FHIR exactly once, and the sums agree', async () => {
  const args = [
    '--disable-warning=ExperimentalWarning',
    MAIN,
    '--limit',
    String(LIMIT_SECONDS),
    '--troubles',
    TROUBLES.join(','),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('1 passed, 0 failed') });
}, 300_000);
