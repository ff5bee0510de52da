import { setTimeout as rest } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { Trouble } from './scene.ts';
import { Scene } from './scene.ts';
import { Senders } from './senders.ts';
import { HUB } from './settings.ts';
import { startSystem } from './system.ts';
import type { Verdict } from './verify.ts';
import { verify } from './verify.ts';

export interface RunOptions {
  readonly dataDir: string;
  readonly temporalExecutable: string;
  readonly random: Random;
  /** In the order in which they happen. */
  readonly troubles: readonly Trouble[];
  readonly say: (line: string) => void;
}

export interface RunResult extends Verdict {
  readonly sentCount: number;
  readonly resentCount: number;
  readonly kills: string;
  /** Parts that ended by themselves, as `worker-1 2`: a supervisor has started them again. */
  readonly endings: string;
}

/** So long everything goes well at first. */
const UNDISTURBED_MS = 2000;

/** One system, from its first process to the comparison of what was sent with what is in FHIR. */
export async function run({ dataDir, temporalExecutable, random, troubles, say }: RunOptions): Promise<RunResult> {
  const system = await startSystem(dataDir, temporalExecutable);
  say('everything runs');
  const senders = new Senders({ connectionString: system.connectionString, hub: HUB });
  const scene = new Scene({ system, senders, random, say });
  try {
    await rest(UNDISTURBED_MS);
    for (const { name, happen } of troubles) {
      say(name);
      await happen(scene);
      await rest(random.between(300, 1500));
    }
    await scene.settled();
    await senders.stop();
    say('everything is sent');
    const verdict = await verify(scene);
    const ended = system.all.filter(({ endingCount }) => endingCount > 0);
    return {
      ...verdict,
      sentCount: senders.sent.length,
      resentCount: senders.resentCount,
      kills: scene.kills(),
      endings: ended.map(({ name, endingCount }) => `${name} ${endingCount}`).join(', ') || 'none',
    };
  } finally {
    await senders.stop('abandoned');
    await system.end();
  }
}
