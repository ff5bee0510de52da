import { Client, Connection } from '@temporalio/client';
import type { Command } from 'commander';
import pLimit from 'p-limit';
import { addOutcomes, NO_OUTCOMES, totalOutcomes } from '../core/delivery.ts';
import type { OutcomeCounts } from '../core/delivery.ts';
import type { LedgerCounts } from '../core/ledger.ts';
import { OperatorError } from '../core/operator-error.ts';
import { heldCount } from '../core/pending-state.ts';
import type { PendingCounts } from '../core/pending-state.ts';
import { workflowIdOf } from '../core/workflow-id.ts';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import { createLedgers } from '../stores/ledgers.ts';
import { storeOf } from '../stores/store-of.ts';
import { createTotals } from '../stores/totals.ts';
import { groupsQuery, statusQuery } from '../workflows/messages.ts';
import type { WaitingGroupView } from '../workflows/messages.ts';
import type { CommandContext } from './command-context.ts';

/** The sums of the whole system: what was read, what was handed over, and what became of it. */
export interface SystemStatus {
  readonly ledgers: LedgerCounts & { readonly partitionCount: number };
  readonly workflows: {
    readonly openCount: number;
    readonly completedCount: number;
    /** Open workflows that gave no answer: no worker is running, or it is busy. Their sums are missing here. */
    readonly silentCount: number;
    readonly received: number;
    readonly held: number;
    readonly outcomes: OutcomeCounts;
  };
  readonly deadLetterCount: number;
  readonly waiting: readonly (WaitingGroupView & { readonly workflowId: string })[];
  /** Handed over and not (yet) seen by a workflow that answered; signals under way, and those of silent workflows. */
  readonly onTheWay: number;
}

/** How long one workflow may take to answer; it is loaded, and replayed, for the question. */
const ANSWER_WITHIN_MS = 10_000;
const QUESTIONS_AT_ONCE = 20;
const MOST_SHOWN = 20;

export function addStatusCommand(program: Command, contextOf: () => CommandContext): void {
  program
    .command('status')
    .description('show the sums: what was read, written, is held and was dead-lettered (live, so approximate)')
    .option('--json', 'as one JSON object')
    .action(async (options: { json?: boolean }) => {
      const context = contextOf();
      const status = await readStatus(context);
      context.print(options.json === true ? JSON.stringify(status, null, 2) : describeStatus(status));
    });
}

/** Walks ledgers, stored totals, open workflows and dead letters. They move on meanwhile: the sums are approximate. */
export async function readStatus({ config, embeddedTemporal }: CommandContext): Promise<SystemStatus> {
  const store = storeOf(config);
  const { connectionOptions, namespace } = loadTemporalSettings(embeddedTemporal);
  const connection = await connect(connectionOptions);
  try {
    const client = new Client({ connection, namespace: namespace ?? 'default' });
    const ledgers = await createLedgers(store, config.deployment).list();
    const open = await askOpenWorkflows(client, config.deployment);
    const completed = await completedCounts(
      createTotals(store, config.deployment),
      new Set(open.answers.map((a) => a.runId)),
    );
    const deadLetters = await createDeadLetters(store, config.deployment).list();
    const sums = sumLedgers(ledgers.map((ledger) => ledger.counts));
    const counts = [...open.answers.map((answer) => answer.counts), ...completed];
    const received = counts.reduce((sum, each) => sum + each.received, 0);
    return {
      ledgers: { ...sums, partitionCount: ledgers.length },
      workflows: {
        openCount: open.answers.length + open.silentCount,
        completedCount: completed.length,
        silentCount: open.silentCount,
        received,
        held: counts.reduce((sum, each) => sum + heldCount(each), 0),
        outcomes: counts.reduce((sum, each) => addOutcomes(sum, each.outcomes), NO_OUTCOMES),
      },
      deadLetterCount: deadLetters.length,
      waiting: open.answers.flatMap(({ workflowId, groups }) => groups.map((group) => ({ ...group, workflowId }))),
      onTheWay: Math.max(0, sums.measurements - received),
    };
  } finally {
    await connection.close();
  }
}

async function connect(options: Parameters<typeof Connection.connect>[0] = {}): Promise<Connection> {
  try {
    return await Connection.connect(options);
  } catch (error) {
    const address = options.address ?? 'localhost:7233';
    const way = 'start the system (npm start), or set TEMPORAL_ADDRESS to its server';
    throw new OperatorError(`Temporal cannot be reached at ${address}: ${way}`, { cause: error });
  }
}

interface Answer {
  readonly workflowId: string;
  readonly runId: string;
  readonly counts: PendingCounts;
  readonly groups: readonly WaitingGroupView[];
}

async function askOpenWorkflows(
  client: Client,
  deployment: string,
): Promise<{ answers: Answer[]; silentCount: number }> {
  const prefix = workflowIdOf(deployment, '', '').split('.')[0] ?? deployment;
  const query = `WorkflowType = 'deviceMeasurements' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}.'`;
  const limit = pLimit(QUESTIONS_AT_ONCE);
  const asked: Promise<Answer | undefined>[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) {
    asked.push(limit(() => ask(client, workflowId)));
  }
  const answers = await Promise.all(asked);
  const given = answers.filter((answer) => answer !== undefined);
  return { answers: given, silentCount: answers.length - given.length };
}

async function ask(client: Client, workflowId: string): Promise<Answer | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      const { counts } = await handle.query(statusQuery);
      const groups = counts.waiting > 0 ? await handle.query(groupsQuery) : [];
      const { raw } = await handle.describe();
      const runId = raw.workflowExecutionInfo?.firstRunId ?? '';
      return { workflowId, runId, counts, groups };
    });
  } catch {
    return undefined; // counted as silent, and said so
  }
}

async function completedCounts(
  totals: ReturnType<typeof createTotals>,
  openRunIds: ReadonlySet<string>,
): Promise<PendingCounts[]> {
  const completed: PendingCounts[] = [];
  for await (const { firstRunId, counts } of totals.list()) if (!openRunIds.has(firstRunId)) completed.push(counts);
  return completed;
}

function sumLedgers(counts: readonly LedgerCounts[]): LedgerCounts {
  return counts.reduce(
    (sum, each) => ({
      events: sum.events + each.events,
      measurements: sum.measurements + each.measurements,
      unmatched: sum.unmatched + each.unmatched,
      deadLettered: sum.deadLettered + each.deadLettered,
    }),
    { events: 0, measurements: 0, unmatched: 0, deadLettered: 0 },
  );
}

function describeStatus({ ledgers, workflows, deadLetterCount, waiting, onTheWay }: SystemStatus): string {
  const { outcomes } = workflows;
  const found = totalOutcomes(outcomes) + workflows.held + onTheWay;
  const row = (name: string, count: number): string => `${name.padEnd(36)}${count.toLocaleString('en').padStart(12)}`;
  const silent = workflows.silentCount === 0 ? [] : [row('  workflows that gave no answer', workflows.silentCount)];
  return [
    row('Events read', ledgers.events),
    row('  matched by no template', ledgers.unmatched),
    row('  dead-lettered', ledgers.deadLettered),
    row('Measurements handed over', ledgers.measurements),
    row('  in FHIR', outcomes.written),
    row('  superseded by a later value', outcomes.superseded),
    row('  without a mapped value', outcomes.withoutValue),
    row('  dead-lettered', outcomes.deadLettered),
    row('  held by workflows', workflows.held),
    row('  on their way', onTheWay),
    row('Workflows open', workflows.openCount),
    ...silent,
    row('Dead letters kept', deadLetterCount),
    ...waiting.slice(0, MOST_SHOWN).map(describeGroup),
    ...(waiting.length > MOST_SHOWN ? [`  and ${waiting.length - MOST_SHOWN} further groups`] : []),
    workflows.silentCount > 0
      ? `Approximate: ${workflows.silentCount} workflows gave no answer; what they hold counts as on its way. Is a worker running?`
      : `Live and therefore approximate: ${found} of ${ledgers.measurements} measurements found.`,
  ].join('\n');
}

function describeGroup(group: SystemStatus['waiting'][number]): string {
  const count = `${group.measurementCount} ${group.measurementCount === 1 ? 'measurement' : 'measurements'}`;
  const wait = `wait since ${group.since}: ${group.code}, next attempt ${group.nextAttemptAt}`;
  return `  ${group.phase}: ${count} of ${group.workflowId} ${wait}`;
}
