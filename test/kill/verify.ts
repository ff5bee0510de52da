import { compare, describeComparison, isSame } from './comparison.ts';
import type { Comparison } from './comparison.ts';
import { replayHistories } from './histories.ts';
import { factsIn, readObservations } from './observations.ts';
import type { Scene } from './scene.ts';
import type { System } from './system.ts';
import { readHubPositions } from './hub-positions.ts';
import { until } from './until.ts';

export interface Verdict {
  readonly observationCount: number;
  readonly historyCount: number;
  /** What is wrong, in words; empty when all is well. */
  readonly failures: readonly string[];
}

/** From the end of the last trouble: a task that a stopped worker was given is given to another after a minute. */
const ALL_THERE_WITHIN_MS = 150_000;
/** Everything may be in FHIR before a workflow knows: the activity of a worker that was killed is missed after a while. */
const AGREES_WITHIN_MS = 90_000;

/** FHIR against what was sent, the system's sums against each other, and every history against the workflow code. */
export async function verify(scene: Scene): Promise<Verdict> {
  const { system, senders, say } = scene;
  await until('every reading is in FHIR', () => allThere(scene), ALL_THERE_WITHIN_MS).catch(() => {
    say('something is missing in FHIR'); // told by the last comparison, in full
  });
  const sums = await statusFailures(system);
  const { count, failures } = await replayHistories(system.client);
  // Last of all: nothing may be doubled or changed once everything was there.
  const { comparison, observationCount } = await compareNow(scene);
  const differences = isSame(comparison) ? [] : await describeDifferences(scene, comparison);
  say(`${senders.sent.length} readings, ${observationCount} Observations, ${count} histories`);
  return { observationCount, historyCount: count, failures: [...differences, ...sums, ...failures] };
}

async function allThere(scene: Scene): Promise<true | undefined> {
  const { comparison } = await compareNow(scene);
  return comparison.missing.length === 0 ? true : undefined;
}

async function compareNow({ system, senders }: Scene): Promise<{ comparison: Comparison; observationCount: number }> {
  const observations = await readObservations(system.fhirUrl);
  return { comparison: compare(senders.sent, observations.flatMap(factsIn)), observationCount: observations.length };
}

async function describeDifferences({ system }: Scene, comparison: Comparison): Promise<string[]> {
  await system.hub.kill();
  return describeComparison(comparison, await readHubPositions(system.dataDir));
}

interface VerifiedStatus {
  readonly agrees: boolean;
  readonly disagreements: readonly unknown[];
  readonly deadLetterCount: number;
  readonly workflows: { readonly held: number };
}

/** The system's own account of itself: the sums agree, nothing is held any more, and no reading was bad. */
async function statusFailures(system: System): Promise<string[]> {
  let last = 'it gave no answer';
  const isSettled = async (): Promise<true | undefined> => {
    const { code, stdout, stderr } = await system.command(['status', '--verify', '--json']);
    last = `status ${code}: ${stderr}${stdout}`;
    const { agrees, deadLetterCount, workflows } = JSON.parse(stdout) as VerifiedStatus;
    return code === 0 && agrees && deadLetterCount === 0 && workflows.held === 0 ? true : undefined;
  };
  try {
    await until('the sums agree', isSettled, AGREES_WITHIN_MS);
    return [];
  } catch {
    return [`iomt-fhir status --verify does not settle: ${last}`];
  }
}
