import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_NAMES } from '../../../config/simulated-faults.ts';
import { simulatedDevices } from '../../../sandbox/simulator/devices.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/simulated-devices.md'), 'utf8');
/** What the first column of a table names. */
const rows = [...page.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);

test('the page on simulated devices has a row for each device and each fault, and for nothing else', () => {
  const devices = simulatedDevices(1, () => 0.5).map(({ deviceId }) => deviceId);
  expect(rows).toEqual([...devices, ...FAULT_NAMES]);
});
