/**
 * Messages per second and core, bytes in, measurements out, beside a naive implementation of the same: the table of
 * docs/performance.md. An argument chooses the collections whose names hold it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { parseMessageBody } from '../templates/device-content/message-body.ts';
import { loadDeviceContent } from '../templates/device-content/load.ts';
import { naiveNormalizer } from './naive-normalize.ts';
import { compare } from './rounds.ts';
import type { Spread } from './rounds.ts';
import { workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

const HEADER = `\
| templates, message | bytes | measurements | messages/s | naive | times as fast |
| --- | ---: | ---: | ---: | ---: | ---: |
`;
/** Runs one collection, by its whole name. */
const ONE = '--one';

const [first = '', name] = process.argv.slice(2);
if (first === ONE) process.stdout.write(rowOf(workloads().find((workload) => workload.name === name)));
else runEach(workloads().filter((workload) => workload.name.includes(first)));

/** Each in a process of its own: a bridge too has one collection, and code that has met others is slower. */
function runEach(chosen: readonly Workload[]): void {
  process.stdout.write(HEADER);
  for (const workload of chosen) {
    const args = [...process.execArgv, import.meta.filename, ONE, workload.name];
    process.stdout.write(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  }
}

function rowOf(workload: Workload | undefined): string {
  if (!workload) throw new RangeError(`Expected a collection after ${ONE}`);
  const { name: title, body } = workload;
  const [ours, naive] = [normalizer(workload), naiveNormalizer(workload)];
  const measurements = ours(body);
  const plain = measurements.map(({ deviceId, properties }) => ({ deviceId, properties }));
  const expected = naive(body).map(({ deviceId, properties }) => ({ deviceId, properties }));
  assert.deepEqual(plain, expected, 'Expected both to give the same measurements');
  const compared = compare(
    () => ours(body),
    () => naive(body),
  );
  const rates = [compared.ours, compared.naive].map((spread) => textOf(spread, rounded));
  const cells = [
    title,
    body.length,
    measurements.length,
    ...rates,
    textOf(compared.ratio, (times) => times.toFixed(1)),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function normalizer({ content, properties, systemProperties }: Workload) {
  const loaded = loadDeviceContent(content);
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.issues));
  const { template } = loaded;
  const context = { enqueuedAt: '2024-03-01T08:15:31.000Z' };
  return (bytes: Uint8Array) => {
    const message = { Body: parseMessageBody(bytes), Properties: properties, SystemProperties: systemProperties };
    return template.normalize(message, context);
  };
}

function textOf({ least, median, most }: Spread, write: (value: number) => string): string {
  return `${write(median)} (${write(least)}–${write(most)})`;
}

/** To three digits. */
function rounded(rate: number): string {
  return Number(rate.toPrecision(3)).toLocaleString('en-GB');
}
