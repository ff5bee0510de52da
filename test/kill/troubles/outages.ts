import { strict as assert } from 'node:assert';
import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { askBridges } from '../bridge-health.ts';
import { hotHistories, largestOpenHistory, MAX_HISTORY_BYTES } from '../histories.ts';
import type { Scene, Trouble } from '../scene.ts';
import { PARTITION_COUNT } from '../settings.ts';
import { REAL_STORE } from '../site.ts';
import { until } from '../until.ts';

/** Something everybody needs is away for a while. */
export const OUTAGES: readonly Trouble[] = [
  { name: 'store-unwritable', happen: storeUnwritable },
  { name: 'connections-cut', happen: connectionsCut },
  { name: 'no-worker', happen: noWorker },
];

/** A plain file stands in the place of the store's folder, swapped in one step: it is never absent. */
async function storeUnwritable({ system, random, say }: Scene): Promise<void> {
  const file = join(system.dataDir, 'no-folder');
  await writeFile(file, '');
  await pointStoreTo(system.dataDir, file);
  const awayMs = Math.round(random.between(1500, 5000));
  await rest(awayMs);
  await pointStoreTo(system.dataDir, join(system.dataDir, REAL_STORE));
  say(`  the store is back after ${awayMs} ms`);
}

async function pointStoreTo(dataDir: string, target: string): Promise<void> {
  const next = join(dataDir, 'store.next');
  await symlink(target, next);
  await rename(next, join(dataDir, 'store'));
}

async function connectionsCut({ system, random, say }: Scene): Promise<void> {
  for (let times = 3; times > 0; times--) {
    const counts = system.proxies.map((proxy) => proxy.cut());
    say(`  ${counts.reduce((sum, count) => sum + count, 0)} connections`);
    await rest(random.between(100, 1200));
  }
}

/** How many times as much the hot device sends meanwhile. */
const BURST = 6;
/** So long it goes on after the bridge holds back. */
const HELD_BACK_MS = 10_000;

/**
 * Nobody takes what the bridge hands over, while a hot device sends all the more. The bridge must notice and hold back:
 * Temporal ends a workflow whose history has grown too large. The age of the tasks stops it long before a history is
 * full; what then holds, where a worker polls and fails, has a test of its own (`integration/hold-back.test.ts`).
 */
async function noWorker(scene: Scene): Promise<void> {
  const { system, senders, say } = scene;
  await scene.settled(); // a worker that is stopped would come back in the middle, and a bridge would say nothing
  const workers = system.workers.map(({ part }) => part).filter((part) => part.isActive);
  await Promise.all(workers.map((part) => scene.kill(part)));
  senders.burst(BURST);
  const startedAt = performance.now();
  await until('the bridge holds every partition back since no worker runs', async () => {
    const { heldUpBy } = await askBridges(system);
    return heldUpBy.filter((by) => /worker/i.test(by)).length === PARTITION_COUNT ? true : undefined;
  });
  say(`  the bridge holds back after ${Math.round((performance.now() - startedAt) / 1000)} s`);
  await nothingHandedOver(scene);
  senders.burst(1);
  await Promise.all(workers.map((part) => part.start()));
  await until('the bridge goes on', async () => ((await askBridges(system)).heldUpBy.length === 0 ? true : undefined));
}

/** @throws when the bridge moves, or a history grows, while the devices send; or when one has grown too large */
async function nothingHandedOver({ system, senders, say }: Scene): Promise<void> {
  const look = async () => ({
    reached: [...(await askBridges(system)).reached],
    histories: await hotHistories(system.client),
    sentCount: senders.sent.length,
  });
  const before = await look();
  await rest(HELD_BACK_MS);
  const after = await look();
  const largest = await largestOpenHistory(system.client);
  const { events, bytes, signals } = after.histories;
  const kept = `the hot device's histories have ${signals} signals in ${events} events, ${bytes} bytes`;
  say(`  ${kept}; the largest of all has ${largest} bytes; ${after.sentCount - before.sentCount} readings wait since`);
  assert.ok(after.sentCount > before.sentCount, 'Expected the devices to send while the bridge holds back');
  assert.deepEqual(after.reached, before.reached, 'Expected the bridge to stay where it is while it holds back');
  assert.equal(signals, before.histories.signals, 'Expected no signal while the bridge holds back');
  assert.ok(largest <= MAX_HISTORY_BYTES, `A history has grown to ${largest} bytes while no worker ran`);
}
