import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment } from '../../config/load-config.ts';
import type { SettingName } from '../../config/settings.ts';
import { environmentName } from '../../config/settings.ts';
import type { ObjectStore } from '../../stores/object-store.ts';
import { storeOf } from '../../stores/store-of.ts';
import { Azurite } from '../support/azurite.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';
import { TEST_TEMPORAL } from '../support/temporal-setup.ts';

const EXECUTABLE = fileURLToPath(new URL('../../cli/iomt-fhir.js', import.meta.url));
const Ownership = z.object({ ownerId: z.string() });

/** Short ones, given to both bridges, in this process and in the other. */
const SETTINGS = {
  dispatchInterval: '100ms',
  ownershipExpiry: '3s',
  window: '400ms',
  idleAfter: '20s',
} satisfies Partial<Record<SettingName, string>>;

const DEVICES = Array.from({ length: 6 }, (_, i) => `monitor-${i}`);
const START = Date.UTC(2026, 0, 5, 10);

let azurite: Azurite;
let system: LocalSystem;
let store: ObjectStore;
const sentCounts = new Map<string, number>();

beforeAll(async () => {
  azurite = await Azurite.start();
  const storeConnectionString = azurite.connectionString();
  system = await LocalSystem.start({ ...SETTINGS, storeConnectionString, storeContainer: 'pipeline' });
  store = await storeOf(system.config);
  for (const deviceId of DEVICES) await system.register(deviceId, `patient-of-${deviceId}`);
  await system.startWorker();
  await system.startBridge();
});
afterAll(async () => {
  await system.stop();
  await azurite.remove();
});

/** So many further readings of each device, five seconds apart: each has a value that tells it from the others. */
async function send(count: number, deviceIds: readonly string[] = DEVICES, decimals?: string): Promise<void> {
  for (const deviceId of deviceIds) {
    const sentCount = sentCounts.get(deviceId) ?? 0;
    const readings = Array.from({ length: count }, (_, i) => ({
      deviceId,
      measuredAt: new Date(START + (sentCount + i) * 5000).toISOString(),
      heartRate: decimals === undefined ? 1000 + sentCount + i : `${1000 + sentCount + i}${decimals}`,
    }));
    await system.send(deviceId, ...readings);
    sentCounts.set(deviceId, sentCount + count);
  }
}

/** A bridge in a process of its own, which can be ended as a machine that fails ends it. */
function spawnBridge(): ChildProcess {
  const { config } = system;
  const settings: Partial<Record<SettingName, string>> = {
    ...SETTINGS,
    bridgePort: '0',
    logLevel: 'fatal',
    deployment: config.deployment,
    storeContainer: config.storeContainer,
    storeConnectionString: azurite.connectionString(),
    eventHubConnectionString: system.hub.connectionString,
    fhirUrl: system.fhir.baseUrl,
  };
  const variables = Object.entries(settings).map(([name, value]) => [environmentName(name as SettingName), value]);
  const environment = { ...Object.fromEntries(variables), TEMPORAL_ADDRESS: process.env[TEST_TEMPORAL] ?? '' };
  return spawn(process.execPath, [EXECUTABLE, 'ingest-bridge'], {
    env: childEnvironment(environment as Record<string, string>),
    stdio: 'ignore',
  });
}

/** Who owns the partitions, as the store has it. */
async function owners(): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { key } of store.list(`${system.config.deployment}/ownership/`)) {
    const stored = await store.get(key);
    found.add(Ownership.parse(JSON.parse(new TextDecoder().decode(stored?.value))).ownerId);
  }
  return found;
}

/** Every reading once, as FHIR has them. */
async function expectAllInFhir(): Promise<void> {
  for (const [deviceId, sentCount] of sentCounts) {
    const observations = await system.observations(`&subject=Patient/patient-of-${deviceId}`);
    const single = observations.filter(({ code }) => code.text === 'heartRate');
    const expected = Array.from({ length: sentCount }, (_, i) => 1000 + i);
    expect(single.map(({ valueQuantity }) => valueQuantity?.value)).toEqual(expected);
  }
}

async function expectSumsToAgree(): Promise<void> {
  await eventually(async () => {
    const { ledgers, workflows, onTheWay } = await system.status();
    expect({ held: workflows.held, onTheWay, silent: workflows.silentCount }).toEqual({
      held: 0,
      onTheWay: 0,
      silent: 0,
    });
    expect(workflows.received).toBe(ledgers.measurements);
    const readingCount = [...sentCounts.values()].reduce((sum, count) => sum + count, 0);
    expect(workflows.outcomes.written).toBe(2 * readingCount);
  }, 60_000);
}

test('two bridges share the partitions over the Blob store, and the one that is left takes over', async () => {
  const other = spawnBridge();
  try {
    await eventually(async () => {
      expect((await owners()).size).toBe(2);
    });
    for (let i = 0; i < 5; i++) await send(4);
    await eventually(async () => {
      expect((await system.status()).ledgers.events).toBeGreaterThan(0);
    });
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
  for (let i = 0; i < 5; i++) await send(4);
  await eventually(expectAllInFhir, 60_000);
  expect((await owners()).size).toBe(1);
  await expectSumsToAgree();
});

test('a store that goes away holds the intake up, visibly; when it is back, everything goes on', async () => {
  await azurite.stop();
  try {
    await send(4);
    await eventually(async () => {
      const health = await system.bridgeHealth();
      expect(health).toMatchObject({ status: 'unavailable', lastError: { name: 'StoreUnavailableError' } });
      expect(JSON.stringify(health['partitions'])).toContain('"heldUp"');
    });
  } finally {
    await azurite.startAgain();
  }
  await eventually(expectAllInFhir, 60_000);
  await expectSumsToAgree();
});

test('dead letters and rows too many for a signal go through it too', async () => {
  await system.send('monitor-0', '{"deviceId": "monitor-0", "heartRate": ');
  await system.stopBridge();
  // At once for the bridge that starts next, and more than 32 KiB in every part of it.
  await send(600, ['monitor-0'], `.${'0'.repeat(200)}`);
  // A claim is deleted when its rows have been delivered, which nobody does now.
  await system.stopWorker();
  await system.startBridge();
  await eventually(async () => {
    const claims = await Array.fromAsync(store.list(`${system.config.deployment}/claims/`));
    expect(claims.length).toBeGreaterThan(0);
  });
  await system.startWorker();
  await eventually(expectAllInFhir, 90_000);
  await expectSumsToAgree();
  expect((await system.status()).deadLetterCount).toBe(1);
});

test('workflows that have completed leave their sums in it', async () => {
  await send(1);
  await eventually(expectAllInFhir, 60_000);
  await eventually(async () => {
    expect((await system.status()).workflows).toMatchObject({ openCount: 0, silentCount: 0 });
  }, 60_000);
  await expectSumsToAgree();
});
