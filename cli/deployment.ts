import { Client, Connection } from '@temporalio/client';
import pLimit from 'p-limit';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import { isClaimed, rowsAbove } from '../core/measurement-rows.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { OperatorError } from '../core/operator-error.ts';
import type { HeldClaim, UnrecoveredRun, WorkflowSums } from '../core/verification.ts';
import { workflowIdOf } from '../core/workflow-id.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { createRecoveries } from '../stores/recoveries.ts';
import { storeOf } from '../stores/store-of.ts';
import { createTotals } from '../stores/totals.ts';
import { groupsQuery, heldQuery, statusQuery } from '../workflows/messages.ts';
import type { HeldPage, WaitingGroupView } from '../workflows/messages.ts';
import type { CommandContext } from './command-context.ts';

/** A deployment as operators reach it: its store, and its workflows on Temporal. */
export interface Deployment {
  readonly name: string;
  readonly store: ObjectStore;
  readonly client: Client;
}

/** An open workflow and what it said. */
export interface OpenWorkflow extends WorkflowSums {
  readonly firstRunId: string;
  readonly groups: readonly WaitingGroupView[];
  readonly claims: readonly HeldClaim[];
}

export interface Workflows {
  readonly open: readonly OpenWorkflow[];
  /** Open workflows that gave no answer: no worker is running, or it is busy. Their sums are missing. */
  readonly silentIds: readonly string[];
  readonly completed: readonly WorkflowSums[];
  readonly unrecovered: readonly UnrecoveredRun[];
}

/** How long one workflow may take to answer; it is loaded, and replayed, for the question. */
const ANSWER_WITHIN_MS = 10_000;
const QUESTIONS_AT_ONCE = 20;

export async function withDeployment<T>(
  { config, embeddedTemporal }: CommandContext,
  run: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  const { connectionOptions, namespace } = loadTemporalSettings(embeddedTemporal);
  const connection = await connect(connectionOptions);
  try {
    const client = new Client({ connection, namespace: namespace ?? 'default' });
    return await run({ name: config.deployment, store: await storeOf(config), client });
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

/** Every workflow there is or was. Those that complete meanwhile are asked, or have left their sums, but not both. */
export async function readWorkflows(deployment: Deployment): Promise<Workflows> {
  const asked = await askOpenWorkflows(deployment);
  const unrecovered = await unrecoveredRuns(deployment);
  const counted = new Set(asked.open.map(({ firstRunId }) => firstRunId));
  for (const { firstRunId } of await createRecoveries(deployment.store, deployment.name).list())
    counted.add(firstRunId);
  for (const { firstRunId } of unrecovered) counted.add(firstRunId);
  const completed: WorkflowSums[] = [];
  for await (const totals of createTotals(deployment.store, deployment.name).list()) {
    if (!counted.has(totals.firstRunId)) completed.push(totals);
  }
  return { ...asked, completed, unrecovered };
}

/** Runs that ended otherwise than by completing, and whose measurements nobody has taken over; the latest end first. */
export async function unrecoveredRuns(deployment: Deployment): Promise<UnrecoveredRun[]> {
  const recovered = new Set((await createRecoveries(deployment.store, deployment.name).list()).map((of) => of.runId));
  const ended = `ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')`;
  const runs: { run: UnrecoveredRun; closedAt: number }[] = [];
  for await (const info of deployment.client.workflow.list({ query: queryOf(deployment, ended) })) {
    const { workflowId, runId, status, closeTime } = info;
    if (recovered.has(runId)) continue;
    const { raw } = await deployment.client.workflow.getHandle(workflowId, runId).describe();
    const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? runId;
    runs.push({ run: { workflowId, runId, firstRunId, status: status.name }, closedAt: closeTime?.getTime() ?? 0 });
  }
  return runs.sort((a, b) => b.closedAt - a.closedAt).map(({ run }) => run);
}

async function askOpenWorkflows(deployment: Deployment): Promise<Pick<Workflows, 'open' | 'silentIds'>> {
  const limit = pLimit(QUESTIONS_AT_ONCE);
  const asked: Promise<OpenWorkflow | string>[] = [];
  for await (const { workflowId } of deployment.client.workflow.list({
    query: queryOf(deployment, `ExecutionStatus = 'Running'`),
  })) {
    asked.push(limit(() => ask(deployment, workflowId)));
  }
  const answers = await Promise.all(asked);
  return {
    open: answers.filter((answer) => typeof answer !== 'string'),
    silentIds: answers.filter((answer) => typeof answer === 'string'),
  };
}

/** @returns the id alone when it gave no answer */
async function ask(deployment: Deployment, workflowId: string): Promise<OpenWorkflow | string> {
  const { client, store, name } = deployment;
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      const { raw } = await handle.describe();
      const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? '';
      const { counts, marks, claimCount } = await handle.query(statusQuery);
      const groups = counts.waiting > 0 ? await handle.query(groupsQuery) : [];
      const held = claimCount > 0 ? (await readHeld(deployment, workflowId)).batches : [];
      const claims = await openClaims(createClaims(store, name), workflowId, held);
      return { workflowId, firstRunId, counts, marks, groups, claims };
    });
  } catch {
    return workflowId; // counted as silent, and said so
  }
}

/** Everything a run holds; an ended one is replayed by a worker for the question. */
export async function readHeld(
  { client }: Deployment,
  workflowId: string,
  runId?: string,
): Promise<Pick<HeldPage, 'book' | 'batches'>> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const first = await handle.query(heldQuery, 0);
  const batches = [...first.batches];
  for (let { next } = first; next !== undefined;) {
    const page = await handle.query(heldQuery, next);
    batches.push(...page.batches);
    next = page.next;
  }
  return { book: first.book, batches };
}

async function openClaims(claims: Claims, workflowId: string, held: readonly MeasurementBatch[]): Promise<HeldClaim[]> {
  const opened: HeldClaim[] = [];
  for (const batch of held) {
    if (!isClaimed(batch.content)) continue;
    const rows = await claims.get(batch.content.claim);
    opened.push({ workflowId, batch, foundCount: rows && rowsAbove(rows, batch.after).rows.length });
  }
  return opened;
}

function queryOf({ name }: Deployment, status: string): string {
  const prefix = workflowIdOf(name, '', '').split('.')[0] ?? name;
  return `WorkflowType = 'deviceMeasurements' AND WorkflowId STARTS_WITH '${prefix}.' AND ${status}`;
}
