import type { Command } from 'commander';
import { setTimeout as rest } from 'node:timers/promises';
import { addOutcomes, NO_OUTCOMES, totalOutcomes } from '../core/delivery.ts';
import type { OutcomeCounts } from '../core/delivery.ts';
import type { LedgerCounts } from '../core/ledger.ts';
import type { Naming } from '../core/naming.ts';
import { heldCount } from '../core/pending-state.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { LetterStanding, LetterState } from '../core/replay.ts';
import { isReplay, replayStream, standingOf } from '../core/replay.ts';
import type { Disagreement, HandedOverReplay, LetterPlaces, WorkflowSums } from '../core/verification.ts';
import { verifySums } from '../core/verification.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import { createLedgers } from '../stores/ledgers.ts';
import { createLetterStates } from '../stores/letter-states.ts';
import type { WaitingGroupView } from '../workflows/messages.ts';
import type { CommandContext } from './command-context.ts';
import type { Deployment } from './deployment.ts';
import { readWorkflows, withDeployment } from './deployment.ts';
import { describeDisagreement } from './disagreements.ts';

/** The sums of the whole system: what was read, what was handed over, and what became of it. */
export interface SystemStatus {
  readonly ledgers: LedgerCounts & { readonly partitionCount: number };
  readonly workflows: {
    readonly openCount: number;
    readonly completedCount: number;
    /** Open workflows that gave no answer: no worker is running, or it is busy. Their sums are missing here. */
    readonly silentCount: number;
    /** Runs that were ended by hand or by a defect, with measurements that nobody has taken over. Their sums are missing here. */
    readonly endedCount: number;
    /** Replayed ones included. */
    readonly received: number;
    /** Of dead letters that were replayed: they count apart from those that came from the hub. */
    readonly replayed: number;
    /** Measurements that stand in `received`, and in `held` or `outcomes`, twice: an ended run and its successor had both. */
    readonly takenTwice: number;
    readonly held: number;
    readonly outcomes: OutcomeCounts;
  };
  /** Dead letters that are held: neither replayed nor discarded. */
  readonly deadLetterCount: number;
  readonly replayedLetterCount: number;
  readonly discardedLetterCount: number;
  readonly waiting: readonly (WaitingGroupView & { readonly workflowId: string })[];
  /** Handed over and not (yet) seen by a workflow that answered; signals under way, and those of silent workflows. */
  readonly onTheWay: number;
}

/** The sums, and whether they agree to the last measurement. */
export interface VerifiedStatus extends SystemStatus {
  readonly agrees: boolean;
  readonly disagreements: readonly Disagreement[];
}

const MOST_SHOWN = 20;
/** What is written a moment later than it is counted has arrived by then. */
const VERIFY_PATIENCE_MS = 30_000;
const VERIFY_AGAIN_AFTER_MS = 2_000;

export function addStatusCommand(program: Command, contextOf: () => CommandContext): void {
  program
    .command('status')
    .description('show the sums: what was read, written, is held and was dead-lettered')
    .option('--verify', 'add everything up exactly; exit status 1 when the sums do not agree')
    .option('--json', 'as one JSON object')
    .action(async (options: { json?: boolean; verify?: boolean }) => {
      const context = contextOf();
      const status = options.verify === true ? await verifyStatus(context) : (await readStatus(context)).status;
      context.print(options.json === true ? JSON.stringify(status, null, 2) : describeStatus(status));
      if ('agrees' in status && !status.agrees) process.exitCode = 1;
    });
}

/**
 * Adds up until the sums agree, or for half a minute: visibility and signals under way may be late, and what disagrees
 * for good still does then.
 */
export async function verifyStatus(context: CommandContext, patienceMs = VERIFY_PATIENCE_MS): Promise<VerifiedStatus> {
  const deadline = performance.now() + patienceMs;
  for (let look = 1; ; look++) {
    const { status, disagreements } = await readStatus(context);
    const agrees = disagreements.length === 0;
    // One look may take longer than the patience; what is late needs a second one all the same.
    const isLast = performance.now() >= deadline && (look > 1 || patienceMs === 0);
    if (agrees || isLast) return { ...status, agrees, disagreements };
    await rest(Math.min(VERIFY_AGAIN_AFTER_MS, patienceMs));
  }
}

/** Walks ledgers, workflows and dead letters, in this order: what a ledger counts is in workflows already. */
export async function readStatus(
  context: CommandContext,
): Promise<{ status: SystemStatus; disagreements: Disagreement[] }> {
  return await withDeployment(context, readSums);
}

async function readSums(deployment: Deployment): Promise<{ status: SystemStatus; disagreements: Disagreement[] }> {
  const { store, name, naming } = deployment;
  const ledgers = await createLedgers(store, name).list();
  const { open, silentIds, completed, unrecovered } = await readWorkflows(deployment);
  const deadLetters = await createDeadLetters(store, name).list();
  const letterStates = await createLetterStates(store, name).list();
  const standings = deadLetters.map(({ id }) => standingOf(letterStates.get(id)));
  const lettersOf = (standing: LetterStanding): number => standings.filter((each) => each === standing).length;
  const workflows = [...open, ...completed];
  const sums = sumLedgers(ledgers.map((ledger) => ledger.counts));
  const received = workflows.reduce((sum, { counts }) => sum + counts.received, 0);
  const marks = workflows.flatMap((workflow) => workflow.marks);
  const takenTwice = marks.reduce((sum, mark) => sum + (mark.takenTwiceCount ?? 0), 0);
  const replayed = workflows.reduce((sum, workflow) => sum + replayedCount(workflow), 0);
  const status: SystemStatus = {
    ledgers: { ...sums, partitionCount: ledgers.length },
    workflows: {
      openCount: open.length + silentIds.length,
      completedCount: completed.length,
      silentCount: silentIds.length,
      endedCount: unrecovered.length,
      received,
      replayed,
      takenTwice,
      held: workflows.reduce((sum, { counts }) => sum + heldCount(counts), 0),
      outcomes: workflows.reduce((sum, { counts }) => addOutcomes(sum, counts.outcomes), NO_OUTCOMES),
    },
    deadLetterCount: lettersOf('held'),
    replayedLetterCount: lettersOf('replayed'),
    discardedLetterCount: lettersOf('discarded'),
    waiting: open.flatMap(({ workflowId, groups }) => groups.map((group) => ({ ...group, workflowId }))),
    onTheWay: Math.max(0, sums.measurements + takenTwice + replayed - received),
  };
  const disagreements = verifySums({
    ledgers,
    workflows,
    silentWorkflowIds: silentIds,
    unrecoveredRuns: unrecovered,
    claims: open.flatMap(({ claims }) => claims),
    replays: [...letterStates.values()].flatMap(replaysOf),
    deadLetters: deadLetters.map((letter) => placesOf(naming, letter)),
  });
  return { status, disagreements };
}

/** Only the marks of replays are ever dropped, so what no other mark counts was replayed. */
function replayedCount({ counts, marks }: WorkflowSums): number {
  const fromHub = marks.filter(({ stream }) => !isReplay(stream));
  return fromHub.reduce((rest, { receivedCount }) => rest - receivedCount, counts.received);
}

function replaysOf({ letterId, replays }: LetterState): HandedOverReplay[] {
  return replays.flatMap(({ n, handedOver = [] }) =>
    handedOver.map((part) => ({ stream: replayStream(letterId, n), ...part })),
  );
}

function placesOf(naming: Naming, { stage, positions, deviceId, type }: DeadLetter): LetterPlaces {
  const isOfWorkflow = stage === 'transform' && deviceId !== undefined && type !== undefined;
  return { stage, positions, ...(isOfWorkflow && { workflowId: naming.workflow(deviceId, type) }) };
}

function sumLedgers(counts: readonly LedgerCounts[]): LedgerCounts {
  return counts.reduce(
    (sum, each) => ({
      events: sum.events + each.events,
      measurements: sum.measurements + each.measurements,
      unmatched: sum.unmatched + each.unmatched,
      deadLettered: sum.deadLettered + each.deadLettered,
      missing: sum.missing + each.missing,
    }),
    { events: 0, measurements: 0, unmatched: 0, deadLettered: 0, missing: 0 },
  );
}

function describeStatus(status: SystemStatus | VerifiedStatus): string {
  const { ledgers, workflows, deadLetterCount, waiting, onTheWay } = status;
  const { outcomes } = workflows;
  const row = (name: string, count: number): string => `${name.padEnd(36)}${count.toLocaleString('en').padStart(12)}`;
  const trouble = (name: string, count: number): string[] => (count === 0 ? [] : [row(name, count)]);
  return [
    row('Events read', ledgers.events),
    row('  matched by no template', ledgers.unmatched),
    row('  dead-lettered', ledgers.deadLettered),
    ...trouble('Events the hub had dropped unread', ledgers.missing),
    row('Measurements handed over', ledgers.measurements),
    ...trouble('  and once more, as replays', workflows.replayed),
    row('  in FHIR', outcomes.written),
    ...trouble('    samples that gave way in a slot', outcomes.collidedSamples),
    row('  superseded by a later value', outcomes.superseded),
    row('  without a mapped value', outcomes.withoutValue),
    row('  dead-lettered', outcomes.deadLettered),
    row('  held by workflows', workflows.held),
    row('  on their way', onTheWay),
    ...trouble('  counted twice above (ended runs)', workflows.takenTwice),
    row('Workflows open', workflows.openCount),
    ...trouble('  that gave no answer', workflows.silentCount),
    ...trouble('Workflow runs ended, to be recovered', workflows.endedCount),
    row('Dead letters held', deadLetterCount),
    ...trouble('  replayed', status.replayedLetterCount),
    ...trouble('  discarded', status.discardedLetterCount),
    ...waiting.slice(0, MOST_SHOWN).map(describeGroup),
    ...(waiting.length > MOST_SHOWN ? [`  and ${waiting.length - MOST_SHOWN} further groups`] : []),
    'agrees' in status ? describeVerdict(status) : describeLiveSums(status),
  ].join('\n');
}

function describeLiveSums({ ledgers, workflows, onTheWay }: SystemStatus): string {
  const { silentCount, endedCount } = workflows;
  if (silentCount > 0) {
    return `Approximate: ${silentCount} workflows gave no answer; what they hold counts as on its way. Is a worker running?`;
  }
  if (endedCount > 0) return 'Workflow runs were ended while they held measurements: recover them (batches recover).';
  const { takenTwice, replayed } = workflows;
  const found = totalOutcomes(workflows.outcomes) + workflows.held + onTheWay - takenTwice - replayed;
  return `Live and therefore approximate (--verify is exact): ${found} of ${ledgers.measurements} measurements found.`;
}

function describeVerdict({ agrees, disagreements }: VerifiedStatus): string {
  if (agrees) return 'The sums agree: every event and every measurement is accounted for, once.';
  const shown = disagreements.slice(0, MOST_SHOWN).map((each) => `  - ${describeDisagreement(each)}`);
  const more = disagreements.length - shown.length;
  return ['The sums do not agree:', ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function describeGroup(group: SystemStatus['waiting'][number]): string {
  const count = `${group.measurementCount} ${group.measurementCount === 1 ? 'measurement' : 'measurements'}`;
  const wait = `wait since ${group.since}: ${group.code}, next attempt ${group.nextAttemptAt}`;
  return `  ${group.phase}: ${count} of ${group.workflowId} ${wait}`;
}
