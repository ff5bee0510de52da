import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import pLimit from 'p-limit';
import { idHashKeyOf } from '../config/id-hash-key.ts';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import { isClaimed } from '../core/measurement-rows.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { DecryptionError } from '../core/decryption-error.ts';
import type { Naming } from '../core/naming.ts';
import { namingOf } from '../core/naming.ts';
import { OperatorError } from '../core/operator-error.ts';
import type { HeldClaim, UnrecoveredRun, WorkflowSums } from '../core/verification.ts';
import { workflowIdOf } from '../core/workflow-id.ts';
import { dataConverterOf } from '../privacy/data-converter.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import { assertPrivacy } from '../stores/deployment-record.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { createRecoveries } from '../stores/recoveries.ts';
import { storeOf } from '../stores/store-of.ts';
import { createTotals } from '../stores/totals.ts';
import { groupsQuery, heldQuery, statusQuery } from '../workflows/messages.ts';
import type { HeldPage, WaitingGroupView } from '../workflows/messages.ts';
import type { CommandContext } from './command-context.ts';
import { openRows } from './taken-in.ts';

/** A deployment as operators reach it: its store, and its workflows on Temporal. */
export interface Deployment {
  readonly name: string;
  readonly store: ObjectStore;
  readonly client: Client;
  readonly naming: Naming;
}

/** An open workflow and what it said. */
interface OpenWorkflow extends WorkflowSums {
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
  const name = config.deployment;
  const naming = namingOf(name, idHashKeyOf(config));
  const store = await storeOf(config);
  const isEncrypted = config.encryptionKeys !== undefined;
  await assertPrivacy(store, name, { deviceNames: naming.fingerprint, isEncrypted });
  const { connectionOptions, namespace } = loadTemporalSettings(embeddedTemporal);
  const connection = await connect(connectionOptions);
  try {
    const dataConverter = dataConverterOf(config.encryptionKeys);
    const client = new Client({ connection, namespace: namespace ?? 'default', dataConverter });
    return await run({ name, store, client, naming });
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

/** Runs that ended otherwise than by completing, and whose measurements nobody has taken over. */
export async function unrecoveredRuns(deployment: Deployment): Promise<UnrecoveredRun[]> {
  const { client, store, name } = deployment;
  const recovered = new Set((await createRecoveries(store, name).list()).map((of) => of.runId));
  const ended = `ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')`;
  const runs: UnrecoveredRun[] = [];
  for await (const { workflowId, runId, status } of client.workflow.list({ query: workflowsOf(deployment, ended) })) {
    if (recovered.has(runId)) continue;
    const [own, present] = [
      await firstRunIdOf(client, workflowId, runId),
      await firstRunIdOf(client, workflowId, undefined),
    ];
    if (own === undefined) continue; // it was deleted since it was listed
    // A reset ends a run and goes on from its past: Temporal itself has handed on what came after.
    const isReset = present?.firstRunId === own.firstRunId && present.runId !== runId;
    if (!isReset) runs.push({ workflowId, runId, firstRunId: own.firstRunId, status: status.name });
  }
  return runs;
}

/** The last runs of every life of a workflow whose sums are counted: open, completed, or taken over. */
export async function countedRunIds(deployment: Deployment, workflowId: string): Promise<string[]> {
  const { client, store, name } = deployment;
  const present = await firstRunIdOf(client, workflowId, undefined);
  const runIds = new Set(present?.isRunning === true ? [present.runId] : []);
  for (const recovery of await createRecoveries(store, name).list()) {
    if (recovery.workflowId === workflowId) runIds.add(recovery.runId);
  }
  const completed = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'Completed'`;
  for await (const { runId } of client.workflow.list({ query: completed })) runIds.add(runId);
  return [...runIds];
}

async function firstRunIdOf(client: Client, workflowId: string, runId: string | undefined) {
  try {
    const { raw, runId: found, status } = await client.workflow.getHandle(workflowId, runId).describe();
    const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? found;
    return { runId: found, firstRunId, isRunning: status.name === 'RUNNING' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function askOpenWorkflows(deployment: Deployment): Promise<Pick<Workflows, 'open' | 'silentIds'>> {
  const limit = pLimit(QUESTIONS_AT_ONCE);
  // Visibility may show both sides of a continue-as-new for a moment.
  const workflowIds = new Set<string>();
  const query = workflowsOf(deployment, `ExecutionStatus = 'Running'`);
  for await (const { workflowId } of deployment.client.workflow.list({ query })) workflowIds.add(workflowId);
  const answers = await Promise.all([...workflowIds].map((workflowId) => limit(() => ask(deployment, workflowId))));
  return {
    open: answers.filter((answer) => typeof answer !== 'string'),
    silentIds: answers.filter((answer) => typeof answer === 'string'),
  };
}

/** @returns the id alone when it gave no answer */
async function ask(deployment: Deployment, workflowId: string): Promise<OpenWorkflow | string> {
  const { client, store, name } = deployment;
  const handle = client.workflow.getHandle(workflowId);
  let told: Omit<OpenWorkflow, 'claims'> & { held: readonly MeasurementBatch[] };
  try {
    told = await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      const { raw } = await handle.describe();
      const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? '';
      const { counts, marks, claimCount } = await handle.query(statusQuery);
      const groups = counts.waiting > 0 ? await handle.query(groupsQuery) : [];
      const held = claimCount > 0 ? (await readHeld(deployment, workflowId)).batches : [];
      return { workflowId, firstRunId, counts, marks, groups, held };
    });
  } catch (error) {
    if (error instanceof DecryptionError) throw error; // no other would be readable either
    return workflowId; // counted as silent, and said so
  }
  const { held, ...answer } = told;
  return { ...answer, claims: await openClaims(createClaims(store, name), workflowId, held) };
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
    opened.push({ workflowId, batch, foundCount: (await openRows(claims, batch))?.rows.length });
  }
  return opened;
}

/** A visibility query for workflows of the deployment. */
export function workflowsOf({ name }: Deployment, condition: string): string {
  const prefix = workflowIdOf(name, '', '').split('.')[0] ?? name;
  return `WorkflowType = 'deviceMeasurements' AND WorkflowId STARTS_WITH '${prefix}.' AND ${condition}`;
}
