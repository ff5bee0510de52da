/**
 * Records histories of the workflows as they are now into `test/replay/`, where a test replays them for ever after:
 * `node test/support/record-histories.ts <version>`, once for each release that changes them.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findTemporal } from '../../sandbox/temporal-executable.ts';
import { LocalSystem } from './local-system.ts';
import setUp, { TEST_TEMPORAL } from './temporal-setup.ts';
import tearDown from './temporal-teardown.ts';

const FOLDER = join(import.meta.dirname, '../replay');
const version = process.argv[2] ?? 'unreleased';

await setUp();
const system = await LocalSystem.start();
try {
  await system.startWorker();
  await system.startBridge();
  await system.register('monitor-1', 'patient-1');
  for (let i = 0; i < 3; i++) {
    const measuredAt = new Date(Date.UTC(2026, 0, 5, 10, 0, i * 5)).toISOString();
    await system.send('monitor-1', { deviceId: 'monitor-1', measuredAt, heartRate: 60 + i });
    // A device nobody knows: its group waits, and heals below.
    await system.send('monitor-2', { deviceId: 'monitor-2', measuredAt, heartRate: 70 + i });
    await rest(1500);
  }
  await system.register('monitor-2', 'patient-2');
  await rest(4000);
  const names = { written: 'monitor-1', 'waited-for-its-device': 'monitor-2' };
  for (const [name, deviceId] of Object.entries(names)) {
    const [workflowId = ''] = system.workflowIds('heartRate', deviceId);
    const file = join(FOLDER, `${version}-device-measurements-${name}.json`);
    await writeFile(file, await historyOf(workflowId));
    process.stdout.write(`${file}\n`);
  }
} finally {
  await system.stop();
  await tearDown();
}

/** As the CLI writes it, which is the form the SDK replays; the machine it was made on stays out of it. */
async function historyOf(workflowId: string): Promise<string> {
  const named = process.env['IOMT_TEMPORAL_CLI'];
  const executable = await findTemporal({ named, cacheDir: undefined, progress: () => undefined });
  const address = process.env[TEST_TEMPORAL] ?? '';
  const args = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json', '--address', address];
  const { stdout } = await promisify(execFile)(executable, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.replaceAll(/"identity": "[^"]*"/g, '"identity": "recorder"');
}
