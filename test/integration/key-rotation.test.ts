import { afterEach, beforeEach, expect, test } from '@jest/globals';
import proto from '@temporalio/proto';
import { withDeployment } from '../../cli/deployment.ts';
import { readStatus, verifyStatus } from '../../cli/status.ts';
import type { Config } from '../../config/settings.ts';
import { DecryptionError } from '../../core/decryption-error.ts';
import { startBridge } from '../../ingest-bridge/main.ts';
import { createLogger } from '../../service/log.ts';
import type { Service } from '../../service/run-service.ts';
import { DeviceNamesFixedError, KeysMissingError } from '../../stores/deployment-record.ts';
import { startWorker } from '../../worker/main.ts';
import { keyOf } from '../support/encryption-keys.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const [k1, k2] = [keyOf('k1'), keyOf('k2')];
const DAY = Date.UTC(2026, 0, 5, 10);
const reading = (deviceId: string, index: number): object => ({
  ...{ deviceId, heartRate: 60 + index },
  measuredAt: new Date(DAY + index * 5000).toISOString(),
});

let system: LocalSystem;
let running: Service[] = [];

beforeEach(async () => {
  system = await LocalSystem.start();
  await system.register('monitor-a', 'patient-a');
});
afterEach(async () => {
  await end();
  await system.stop();
});

const configOf = (settings: Partial<Config>): Config => ({ ...system.config, deviceIds: 'plain', ...settings });
const contextOf = (settings: Partial<Config>) => ({ ...system.context(), config: configOf(settings) });
const log = createLogger('test', 'fatal');

async function startOne(what: typeof startWorker | typeof startBridge, settings: Partial<Config>): Promise<void> {
  const { signal } = new AbortController();
  const { embeddedTemporal } = system.context();
  const service = await what({ config: configOf(settings), embeddedTemporal, log, signal });
  service.ended.catch(() => undefined); // what the test is about to see
  running.unshift(service);
}

async function start(settings: Partial<Config>): Promise<void> {
  await startOne(startWorker, settings);
  await startOne(startBridge, settings);
}

async function end(): Promise<void> {
  for (const service of running) await service.stop();
  running = [];
}

async function singles(patient: string): Promise<(number | undefined)[]> {
  const found = await system.observations(`&subject=Patient/${patient}`);
  return found.filter(({ code }) => code.text === 'heartRate').map(({ valueQuantity }) => valueQuantity?.value);
}

async function received(count: number, settings: Partial<Config>): Promise<void> {
  await eventually(async () => {
    const { status } = await readStatus(contextOf(settings));
    expect(status.workflows.received).toBe(count);
  });
}

async function historyOf(deviceId: string): Promise<string> {
  const [workflowId = ''] = system.workflowIds('heartRate', deviceId);
  const history = await system.client.workflow.getHandle(workflowId).fetchHistory();
  return Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
}

test('keys come and change while readings wait: nothing is lost, nothing has to be written anew', async () => {
  const stages: Partial<Config>[] = [{}, { encryptionKeys: [k1] }, { encryptionKeys: [k2, k1] }];
  for (const [i, settings] of stages.entries()) {
    await start(settings);
    // One device that is written, one that waits, and a message for the dead letters.
    await system.send('monitor-a', reading('monitor-a', i), '{"broken": ');
    await system.send('monitor-b', reading('monitor-b', i));
    await received(4 * (i + 1), settings);
    await eventually(async () => {
      expect(await singles('patient-a')).toHaveLength(i + 1);
    });
    if (i < 2) await end();
  }
  const history = await historyOf('monitor-b');
  for (const found of ['monitor-b', 'k1', 'k2']) expect(history).toContain(found);

  await system.register('monitor-b', 'patient-b');
  await eventually(async () => {
    expect(await singles('patient-b')).toEqual([60, 61, 62]);
  });
  const both = { encryptionKeys: [k2, k1] };
  expect(await verifyStatus(contextOf(both))).toMatchObject({ agrees: true, deadLetterCount: 3 });

  // A key that is taken away too early is named.
  await expect(readStatus(contextOf({ encryptionKeys: [k2] }))).rejects.toThrow(DecryptionError);
  await expect(readStatus(contextOf({ encryptionKeys: [k2] }))).rejects.toThrow('Expected the encryption key k1');
});

test('a worker that lacks the key loses nothing: its tasks fail with the id of the key until it has it', async () => {
  await startOne(startWorker, {});
  await startOne(startBridge, { encryptionKeys: [k1] });
  await system.send('monitor-a', reading('monitor-a', 0));
  await eventually(async () => {
    expect(await historyOf('monitor-a')).toContain('Expected the encryption key k1: no encryption keys are set');
  });
  await end();
  await start({ encryptionKeys: [k1] });
  await eventually(async () => {
    expect(await singles('patient-a')).toEqual([60]);
  }, 60_000);
});

test('how devices are named is fixed by the first start, for bridges and for commands', async () => {
  await startOne(startBridge, {});
  await end();
  const hashed: Partial<Config> = { deviceIds: 'hashed', idHashKey: k1.bytes };
  await expect(startOne(startBridge, hashed)).rejects.toThrow(DeviceNamesFixedError);
  await expect(withDeployment(contextOf(hashed), () => Promise.resolve())).rejects.toThrow(DeviceNamesFixedError);
  await startOne(startBridge, { encryptionKeys: [k1] });
});

test('keys that were lost are missed: nothing goes on in plain text, bridge, worker nor command', async () => {
  await startOne(startBridge, {});
  await end();
  await startOne(startWorker, { encryptionKeys: [k1] });
  await end();
  for (const what of [startBridge, startWorker]) await expect(startOne(what, {})).rejects.toThrow(KeysMissingError);
  await expect(withDeployment(contextOf({}), () => Promise.resolve())).rejects.toThrow(KeysMissingError);
  await start({ encryptionKeys: [k1] });
});
