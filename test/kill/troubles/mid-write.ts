import type { Part } from '../part.ts';
import type { HeldWrite, Stage } from '../proxy.ts';
import type { Random } from '../random.ts';
import type { Scene, Trouble } from '../scene.ts';
import type { Writer } from '../site.ts';

/** Somebody ends with a write under way: the server has done it and nobody knows, or it never gets there. */
export const MID_WRITE: readonly Trouble[] = [
  { name: 'worker-mid-put', happen: (scene) => endInMidWrite(scene, scene.system.workers, ({ part }) => part) },
  { name: 'fhir-mid-put', happen: (scene) => endInMidWrite(scene, scene.system.workers, () => scene.system.fhir) },
  { name: 'bridge-mid-signal', happen: (scene) => endInMidWrite(scene, scene.system.bridges, ({ part }) => part) },
  {
    name: 'temporal-mid-signal',
    happen: (scene) => endInMidWrite(scene, scene.system.bridges, () => scene.system.temporal),
  },
];

/** The system comes to its next write within this time, or it has stalled. */
const WRITE_WITHIN_MS = 90_000;

async function endInMidWrite(scene: Scene, writers: readonly Writer[], whoEnds: (by: Writer) => Part): Promise<void> {
  const { held, by, words } = await heldWrite(writers, scene.random);
  const part = whoEnds(by);
  await scene.kill(part);
  held.cut();
  scene.say(`  ${part.name} is killed, ${words}`);
  await scene.bringBack(part);
}

export interface HeldBy<By> {
  readonly held: HeldWrite;
  readonly by: By;
  readonly stage: Stage;
  readonly words: string;
}

/** The next write of one of them that runs, and whose it is. @throws when none runs, or none comes */
export async function heldWrite<By extends Writer>(writers: readonly By[], random: Random): Promise<HeldBy<By>> {
  const stage = random.pick(['request', 'answer'] as const);
  const active = writers.filter(({ part }) => part.isActive);
  if (active.length === 0) throw new Error(`Expected ${writers.map(({ part }) => part.name).join(' or ')} to run`);
  const decided = new AbortController();
  const late = AbortSignal.timeout(WRITE_WITHIN_MS);
  const signal = AbortSignal.any([decided.signal, late]);
  const waiting = active.map(async (by) => {
    const kind = random.pick(by.kinds);
    const held = await by.writes.hold(stage, kind, signal);
    decided.abort(); // the others are called off
    return { held, by, stage, words: `a ${kind} write ${stage === 'request' ? 'under way' : 'done'}` };
  });
  try {
    return await Promise.any(waiting);
  } catch (cause) {
    const stalled = `Nothing was written within ${WRITE_WITHIN_MS / 1000} s: the system has stalled`;
    throw new Error(late.aborted ? stalled : 'No write could be held', { cause });
  }
}
