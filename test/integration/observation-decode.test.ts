import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer } from '../../sandbox/fhir-server/fhir-server.ts';

const CLI = join(import.meta.dirname, '../../cli/iomt-fhir.js');
/** With numbers that JavaScript would write otherwise. */
const OBSERVATION = `{"resourceType":"Observation","id":"strip-1","status":"final","code":{"text":"ecg"},
  "effectivePeriod":{"start":"2024-03-01T08:00:00.0000000Z","end":"2024-03-01T08:00:00.0040000Z"},
  "valueSampledData":{"origin":{"value":2.50,"unit":"mV"},"factor":0.10,"period":4,"dimensions":1,"data":"1 E"}}`;
const CSV = `time,name,value,unit,limit,limitValue,dimension,observation\r\n\
2024-03-01T08:00:00Z,ecg,2.60,mV,,,,strip-1\r\n`;

let folder: string;
let server: FhirServer;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'decode-'));
  file = join(folder, 'observation.json');
  await writeFile(file, OBSERVATION);
  server = await startFhirServer({ file: join(folder, 'fhir.db') });
  const headers = { 'content-type': 'application/fhir+json' };
  await fetch(`${server.baseUrl}/Observation/strip-1`, { method: 'PUT', headers, body: OBSERVATION });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function decode(args: readonly string[], input = '', fhirUrl = server.baseUrl) {
  const env = { PATH: process.env['PATH'], IOMT_DATA_DIR: folder, IOMT_FHIR_URL: fhirUrl };
  const child = spawn(process.execPath, [CLI, 'observation', 'decode', ...args], { env });
  child.stdin.end(input);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, output, errors };
}

test('reads a file, standard input, or an Observation of the server, with all digits', async () => {
  const expected = { status: 0, output: CSV, errors: '' };
  expect(await decode([file, '--format', 'csv'])).toEqual(expected);
  expect(await decode(['-', '--format', 'csv'], OBSERVATION)).toEqual(expected);
  expect(await decode(['strip-1', '--format', 'csv'])).toEqual(expected);
  expect(await decode(['Observation/strip-1', '--format', 'csv'])).toEqual(expected);
});

test('writes JSON unless asked otherwise', async () => {
  const { output } = await decode([file]);
  expect(output).toContain('"value": 2.60');
  expect(JSON.parse(output)).toEqual([
    { observation: 'strip-1', name: 'ecg', unit: 'mV', samples: [{ time: '2024-03-01T08:00:00Z', value: 2.6 }] },
  ]);
});

test('writes a stream of any length, and all of it', async () => {
  const data = Array.from({ length: 200_000 }, (_, index) => String(index % 1000)).join(' ');
  const { status, output } = await decode(['-', '--format', 'csv'], OBSERVATION.replace('"1 E"', `"${data}"`));
  expect(status).toBe(0);
  expect(output.split('\r\n')).toHaveLength(200_002);
  expect(output).toMatch(/2024-03-01T08:13:19\.996Z,ecg,102\.40,mV,,,,strip-1\r\n$/);
});

test.each([
  { name: 'what is not JSON', args: ['-'], input: '{', status: 1, errors: /^standard input:1:2: no JSON/ },
  {
    name: 'no Observation',
    args: ['-'],
    input: '{"resourceType":"Patient"}',
    status: 1,
    errors: /found a resource Patient/,
  },
  { name: 'a name that no series has', args: ['strip-1', '--component', 'x'], status: 1, errors: /out of ecg/ },
  {
    name: 'a file that is not there',
    args: ['/nowhere/o.json'],
    status: 2,
    errors: /^There is no file \/nowhere\/o\.json$/,
  },
  { name: 'an id that nobody has', args: ['nobody'], status: 2, errors: /has no Observation of that id/ },
])('ends with status $status and a sentence for $name', async ({ args, input = '', status, errors }) => {
  const run = await decode(args, input);
  expect(run).toMatchObject({ status, output: '' });
  expect(run.errors.trim()).toMatch(errors);
  expect(run.errors).not.toContain('    at ');
});

test('ends with status 2 when the server does not answer', async () => {
  const run = await decode(['strip-1'], '', 'http://127.0.0.1:9/fhir');
  expect(run).toMatchObject({ status: 2, output: '' });
  expect(run.errors).toMatch(/^The Observation cannot be read \(FHIR_UNREACHABLE\)/);
});
