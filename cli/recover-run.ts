import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { taskQueuesOf } from '../config/task-queues.ts';
import { approximateBytes, joinNeighbours } from '../core/batch-parts.ts';
import type { EndedRun } from '../core/ended-run.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { isClaimed, rowCount } from '../core/measurement-rows.ts';
import { OperatorError } from '../core/operator-error.ts';
import { PendingGroups } from '../core/pending-groups.ts';
import { NOTHING_PENDING } from '../core/pending-state.ts';
import type { PositionInPartition } from '../core/position.ts';
import { markKey } from '../core/position.ts';
import type { UnrecoveredRun } from '../core/verification.ts';
import { startOptions } from '../ingest-bridge/dispatch.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import { createRecoveries } from '../stores/recoveries.ts';
import type { deviceMeasurements } from '../workflows/device-measurements.ts';
import type { DeviceMeasurementsInput } from '../workflows/messages.ts';
import { heldQuery, recoverUpdate } from '../workflows/messages.ts';
import type { Deployment } from './deployment.ts';
import { countedRunIds, readHeld } from './deployment.ts';
import type { RunHistory } from './run-history.ts';
import { readRunHistory } from './run-history.ts';
import { openRows, takenInBy, takenInByBoth } from './taken-in.ts';

/** An update larger than this carries claims in place of rows. */
const MAX_UPDATE_BYTES = 32 * 1024;
/** Measurements that arrive between the look and the update make it worth another look. */
const MOST_LOOKS = 10;

/**
 * Brings back what an ended run had taken in and not decided. Its successor, started if need be, takes it over with the
 * sums. What has come to the successor too is handed over all the same: to write it twice changes nothing.
 *
 * @returns how many measurements it held
 */
export async function recoverRun(deployment: Deployment, run: UnrecoveredRun): Promise<number> {
  const { workflowId, runId, firstRunId } = run;
  const { client, store, name } = deployment;
  const history = await readRunHistory(client, workflowId, runId);
  if (history === undefined) throw new OperatorError('its history is gone: the namespace no longer keeps it');
  const state = await stateAtEnd(deployment, run, history);
  const all = await compact(createClaims(store, name), runId, state.held);
  for (let look = 1; look <= MOST_LOOKS; look++) {
    const successor = await lookAtSuccessor(client, workflowId);
    if (!successor.recoveredRunIds.includes(runId)) {
      const { book, held } = await besideOthers(deployment, run, { book: state.book, held: all });
      const ended: EndedRun = { runId, book, held, successorThrough: successor.through };
      if (!(await handOver(deployment, workflowId, history.input, ended))) continue;
    }
    const measurementCount = all.reduce((sum, batch) => sum + rowCount(batch), 0);
    const recovery = { workflowId, runId, firstRunId, recoveredAt: new Date().toISOString(), measurementCount };
    await createRecoveries(store, name).put(recovery);
    return measurementCount;
  }
  throw new OperatorError('measurements kept arriving while it was put together; try again');
}

/**
 * Its state as of its last workflow task, which a worker tells, and what came after that: what the state has seen lies
 * at or below its marks. A run that never had a task, or that no worker can replay, is put together from its history:
 * what it had written is then written again.
 */
async function stateAtEnd(
  deployment: Deployment,
  run: UnrecoveredRun,
  history: RunHistory,
): Promise<Pick<EndedRun, 'book' | 'held'>> {
  const { settings, carried } = history.input;
  const known = await heldAtEnd(deployment, run, history);
  const state = known === undefined ? carried?.pending : { ...NOTHING_PENDING, ...known.book, buffer: known.batches };
  const pending = new PendingGroups(settings, run.workflowId, state);
  for (const arrival of history.arrivals) {
    if ('batch' in arrival) pending.append(arrival.batch, Date.now());
    else pending.takeOver(arrival.ended, Date.now());
  }
  const { duplicateCount } = known?.book ?? pending.book(); // what the state had seen already is no duplicate
  return { book: { ...pending.book(), duplicateCount }, held: pending.held() };
}

/** @returns undefined when the history alone has to tell, and can */
async function heldAtEnd(deployment: Deployment, run: UnrecoveredRun, history: RunHistory) {
  try {
    return await readHeld(deployment, run.workflowId, run.runId);
  } catch (error) {
    if (history.hasReleasedClaims) throw error;
    return undefined;
  }
}

/**
 * The ended run beside the runs whose sums are counted: what has come to them too is counted as taken twice, and a claim
 * that one of them has delivered and released is left to it.
 */
async function besideOthers(
  deployment: Deployment,
  { workflowId, runId }: UnrecoveredRun,
  { book, held }: Pick<EndedRun, 'book' | 'held'>,
): Promise<Pick<EndedRun, 'book' | 'held'>> {
  const { client, store, name } = deployment;
  const claims = createClaims(store, name);
  const own = [runId, ...book.recoveredRunIds];
  const counted = (await countedRunIds(deployment, workflowId)).filter((each) => !own.includes(each));
  if (counted.length === 0) return { book, held };
  const others = await takenInBy(client, claims, workflowId, counted);
  const twice = takenInByBoth(await takenInBy(client, claims, workflowId, own), others);
  const isTheirs = (batch: MeasurementBatch): boolean =>
    isClaimed(batch.content) && others.get(markKey(batch))?.has(batch.content.claim) === true;
  const marks = book.marks.map((mark) => {
    const left = held.filter((batch) => isTheirs(batch) && markKey(batch) === markKey(mark));
    const leftCount = left.reduce((sum, batch) => sum + rowCount(batch), 0);
    const takenTwiceCount = (mark.takenTwiceCount ?? 0) + (twice.get(markKey(mark)) ?? 0) - leftCount;
    return { ...mark, receivedCount: mark.receivedCount - leftCount, ...(takenTwiceCount > 0 && { takenTwiceCount }) };
  });
  return { book: { ...book, marks }, held: held.filter((batch) => !isTheirs(batch)) };
}

/** How far the workflow's present run has come, and what it has taken over. */
async function lookAtSuccessor(
  client: Client,
  workflowId: string,
): Promise<{ through: Record<string, PositionInPartition>; recoveredRunIds: readonly string[] }> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name !== 'RUNNING') return { through: {}, recoveredRunIds: [] };
  const { book } = await handle.query(heldQuery, 0);
  const through = Object.fromEntries(book.marks.map((mark) => [markKey(mark), mark.through]));
  return { through, recoveredRunIds: book.recoveredRunIds };
}

/**
 * Few bytes for the update. Claims are copied under the ended run's id: the successor may hold the same claim, and
 * release it, before it has taken over. A claim that is gone was delivered by a successor; the group says so if not.
 */
async function compact(claims: Claims, runId: string, held: readonly MeasurementBatch[]): Promise<MeasurementBatch[]> {
  const joined = joinNeighbours(held);
  const isSmall = approximateBytes(joined) <= MAX_UPDATE_BYTES;
  return await Promise.all(
    joined.map(async (batch): Promise<MeasurementBatch> => {
      if (isSmall && !isClaimed(batch.content)) return batch;
      const rows = await openRows(claims, batch);
      if (rows === undefined) return batch;
      const { after: _, ...kept } = batch;
      return { ...kept, content: await claims.put(runId, batch, rows) };
    }),
  );
}

/** @returns false when measurements of the ended run have come to the successor meanwhile: look again */
async function handOver(
  { client, name, naming }: Deployment,
  workflowId: string,
  { deviceId, type, settings }: DeviceMeasurementsInput,
  ended: EndedRun,
): Promise<boolean> {
  const start = startOptions({ workflowId, deviceId, type }, settings, taskQueuesOf(name).workflows, naming);
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof deviceMeasurements>('deviceMeasurements', {
    ...start,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    await client.workflow.executeUpdateWithStart(recoverUpdate, { args: [ended], startWorkflowOperation });
    return true;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return false;
    throw error;
  }
}
