import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { workflowIdOf } from '../../../core/workflow-id.ts';
import { askBridges } from '../bridge-health.ts';
import { HOT_TYPES } from '../histories.ts';
import { wipedHubFolder } from '../hub-positions.ts';
import { HOT_DEVICE } from '../readings.ts';
import type { Scene, Trouble } from '../scene.ts';
import { DEPLOYMENT } from '../settings.ts';
import { until } from '../until.ts';

/** Somebody does what the documentation warns of. */
export const OPERATORS: readonly Trouble[] = [
  { name: 'run-terminated', happen: (scene) => terminateRun(scene) },
  { name: 'run-terminated-without-worker', happen: terminateWithoutWorker },
  { name: 'hub-wiped', happen: wipeHub },
];

/** The run of the hot device is terminated while a worker is away, with signals in it that no code has seen. */
async function terminateWithoutWorker(scene: Scene): Promise<void> {
  await scene.settled(scene.system.workers); // a worker that is stopped would come back in the middle
  const part = scene.pickActive(scene.system.workers);
  await scene.kill(part);
  await rest(scene.random.between(500, 3000));
  await terminateRun(scene, () => part.start());
}

/** The run of the hot device is terminated, and recovered some time later; sometimes at the second attempt. */
async function terminateRun(scene: Scene, between?: () => Promise<void>): Promise<void> {
  const { system, random, say } = scene;
  const workflowId = workflowIdOf(DEPLOYMENT, HOT_DEVICE, random.pick(HOT_TYPES));
  await until('a run is terminated', async () => {
    await system.client.workflow.getHandle(workflowId).terminate('the kill test');
    return true;
  });
  await rest(random.between(0, 3000));
  await between?.();
  if (random.next() < 0.5) {
    const killAfterMs = random.between(500, 2500);
    const { code } = await system.command(['batches', 'recover'], killAfterMs);
    if (code === -1) say(`  recover was killed after ${Math.round(killAfterMs)} ms`);
  }
  const recovered = await recover(scene);
  say(
    `  ${workflowId} terminated; recovered ${recovered.map((run) => run.measurementCount).join(' and ') || 'nothing'}`,
  );
}

interface RecoveredRun {
  readonly workflowId: string;
  readonly measurementCount: number;
}

async function recover({ system }: Scene): Promise<readonly RecoveredRun[]> {
  const { code, stdout, stderr } = await system.command(['batches', 'recover', '--json']);
  if (code !== 0) throw new Error(`batches recover ended with status ${code}: ${stderr || stdout}`);
  return (JSON.parse(stdout) as { recovered: RecoveredRun[] }).recovered;
}

/** Once the bridge has read everything, the hub loses its folder and begins anew. */
async function wipeHub({ system, senders, random, say }: Scene): Promise<void> {
  const { hub, dataDir } = system;
  await senders.pause();
  const before = await until('the bridge has read everything', async () => {
    const { streams, reached } = await askBridges(system);
    const last = [...(await senders.lastSequenceNumbers())];
    return last.every(([partition, number]) => (reached.get(partition) ?? -2) >= number) ? streams : undefined;
  });
  await hub.kill();
  let life = 0;
  while (existsSync(wipedHubFolder(dataDir, life))) life += 1;
  await rename(join(dataDir, 'event-hubs'), wipedHubFolder(dataDir, life));
  await rest(random.between(0, 2000));
  await hub.start();
  senders.goOn();
  const after = await until('the bridge reads a new stream', async () => {
    const { streams } = await askBridges(system);
    return streams.length > 0 && streams.every((stream) => !before.includes(stream)) ? streams : undefined;
  });
  say(`  ${before.join(', ')} → ${after.join(', ')}`);
}
