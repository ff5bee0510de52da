import { setTimeout as rest } from 'node:timers/promises';
import type { HeldWrite } from '../proxy.ts';
import type { Scene, Trouble } from '../scene.ts';
import type { Writer } from '../site.ts';
import { heldWrite } from './mid-write.ts';

/** Somebody is stopped (SIGSTOP), as a machine that is suspended, and goes on later where it was. */
export const STOPS: readonly Trouble[] = [
  { name: 'worker-stopped', happen: (scene) => stopInMidWrite(scene, scene.system.workers, WORKER_STOPPED_MS) },
  { name: 'bridge-stopped', happen: (scene) => stopInMidWrite(scene, scene.system.bridges, BRIDGE_STOPPED_MS) },
  { name: 'server-stopped', happen: stopServer },
];

/** Longer than the heartbeat timeout of an activity: it is given to another worker meanwhile. */
const WORKER_STOPPED_MS = 36_000;
/** Longer than a bridge owns its partitions without a word: another one takes them over meanwhile. */
const BRIDGE_STOPPED_MS = 9_000;
/** Longer than anybody waits for an answer of it. */
const SERVER_STOPPED_MS = 7_000;
/** How long both go on beside each other. */
const BOTH_MS = 4_000;

/**
 * One of a pair is stopped with a write under way, and goes on after the other has taken over. Either the write has been
 * done meanwhile, or it arrives only now. One of the two is left in the end.
 */
async function stopInMidWrite(scene: Scene, pair: readonly Writer[], stoppedMs: number): Promise<void> {
  await scene.settled(pair); // or the other of the pair may be the one that is stopped
  for (const { part } of pair) await part.start();
  const { held, by, stage, words } = await heldWrite(pair, scene.random);
  by.part.freeze();
  if (stage === 'answer') held.release();
  // While its polls are open it is given tasks, which then take their time to come to the other.
  const isCutOff = scene.random.next() < 0.5;
  if (isCutOff) by.polls?.cut();
  scene.say(`  ${by.part.name} is stopped${isCutOff ? ' and cut off' : ''}, ${words}`);
  const late = stage === 'request' ? held : undefined;
  scene.inBackground(pair, goOnLater({ scene, pair, by, late, stoppedMs }));
}

interface Stopped {
  readonly scene: Scene;
  readonly pair: readonly Writer[];
  readonly by: Writer;
  /** Its write, where that is still under way. */
  readonly late: HeldWrite | undefined;
  readonly stoppedMs: number;
}

async function goOnLater({ scene, pair, by, late, stoppedMs }: Stopped): Promise<void> {
  await rest(stoppedMs);
  late?.release();
  by.part.thaw();
  scene.say(`  ${by.part.name} goes on after ${stoppedMs / 1000} s`);
  await rest(BOTH_MS);
  await scene.kill(scene.random.pick(pair).part);
}

/** A server that takes connections and says nothing, then does what it was asked to long ago. */
async function stopServer({ system, random, say }: Scene): Promise<void> {
  const part = random.pick([system.temporal, system.fhir, system.hub]);
  part.freeze();
  await rest(SERVER_STOPPED_MS);
  part.thaw();
  say(`  ${part.name} was stopped for ${SERVER_STOPPED_MS / 1000} s`);
}
