import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { taskQueuesOf } from '../config/task-queues.ts';
import { approximateBytes, joinNeighbours, lastPosition } from '../core/batch-parts.ts';
import type { EndedRun, OpenedBatch } from '../core/ended-run.ts';
import { cameAgain, withoutWhatCameAgain } from '../core/ended-run.ts';
import type { InlineRows, MeasurementBatch } from '../core/measurement-rows.ts';
import { isClaimed, positionOfRow, rowCount, rowsAbove } from '../core/measurement-rows.ts';
import { OperatorError } from '../core/operator-error.ts';
import { PendingGroups } from '../core/pending-groups.ts';
import { NOTHING_PENDING } from '../core/pending-state.ts';
import type { Mark, PositionInPartition } from '../core/position.ts';
import { comparePositions, markKey } from '../core/position.ts';
import type { UnrecoveredRun } from '../core/verification.ts';
import { startOptions } from '../ingest-bridge/dispatch.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import { createRecoveries } from '../stores/recoveries.ts';
import type { deviceMeasurements } from '../workflows/device-measurements.ts';
import { measurementsSignal, recoverUpdate, statusQuery } from '../workflows/messages.ts';
import type { DeviceMeasurementsInput } from '../workflows/messages.ts';
import type { Deployment } from './deployment.ts';
import { readHeld } from './deployment.ts';

/** An update larger than this carries claims in place of rows. */
const MAX_UPDATE_BYTES = 32 * 1024;
/** Measurements that arrive between the look and the update make it worth another look. */
const MOST_LOOKS = 5;

/** What a run was started with, and every batch it was sent, in order. */
interface RunHistory {
  readonly input: DeviceMeasurementsInput;
  readonly signals: readonly MeasurementBatch[];
  /** The run this one continued. */
  readonly continuedRunId: string | undefined;
}

/**
 * Brings back what an ended run had taken in and not decided: its state as of its last workflow task, from a query, and
 * the signals after that, from its history. Its successor, started if need be, takes it over with the sums.
 *
 * @returns how many measurements it held
 */
export async function recoverRun(deployment: Deployment, run: UnrecoveredRun): Promise<number> {
  const { workflowId, runId, firstRunId } = run;
  const reader = createHistoryReader(deployment.client, workflowId);
  const history = await reader(runId);
  const pending = await stateAtEnd(deployment, run, history);
  const claims = createClaims(deployment.store, deployment.name);
  for (let look = 1; look <= MOST_LOOKS; look++) {
    const successorFrom = await beginnings(deployment.client, workflowId);
    const parts = await leaveWhatCameAgain({ pending, successorFrom, claims, history, reader });
    const ended: EndedRun = { runId, ...parts, successorFrom, held: await compact(claims, workflowId, parts.held) };
    if (!(await handOver(deployment, workflowId, history.input, ended))) continue;
    const measurementCount = ended.held.reduce((sum, batch) => sum + rowCount(batch), 0);
    const recovery = { workflowId, runId, firstRunId, recoveredAt: new Date().toISOString(), measurementCount };
    await createRecoveries(deployment.store, deployment.name).put(recovery);
    return measurementCount;
  }
  throw new OperatorError('measurements kept arriving while it was put together; try again');
}

type HistoryReader = (runId: string) => Promise<RunHistory>;

function createHistoryReader(client: Client, workflowId: string): HistoryReader {
  const { loadedDataConverter: converter } = client.options;
  const decode = async (payloads: Parameters<typeof decodeArrayFromPayloads>[1]): Promise<unknown[]> =>
    await decodeArrayFromPayloads(converter, payloads);
  return async (runId) => {
    const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    if (started == null) throw new OperatorError(`the history of run ${runId} is gone`);
    const signals: MeasurementBatch[] = [];
    for (const { workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
      if (signal?.signalName !== measurementsSignal.name) continue;
      const [batch] = (await decode(signal.input?.payloads)) as [MeasurementBatch];
      signals.push(batch);
    }
    const [input] = (await decode(started.input?.payloads)) as [DeviceMeasurementsInput];
    const continuedRunId = started.continuedExecutionRunId;
    return {
      input,
      signals,
      continuedRunId: continuedRunId == null || continuedRunId === '' ? undefined : continuedRunId,
    };
  };
}

/** Signals that the state has seen already change nothing: they lie at or below its marks. */
async function stateAtEnd(deployment: Deployment, run: UnrecoveredRun, history: RunHistory): Promise<PendingGroups> {
  const { book, batches } = await readHeld(deployment, run.workflowId, run.runId);
  const state = { ...NOTHING_PENDING, ...book, buffer: batches };
  const pending = new PendingGroups(history.input.settings, run.workflowId, state);
  for (const batch of history.signals) pending.append(batch, Date.now());
  return pending;
}

/** Where the measurements of the workflow's present run begin, by stream and partition. */
async function beginnings(client: Client, workflowId: string): Promise<Record<string, PositionInPartition>> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name !== 'RUNNING') return {};
  const { marks } = await handle.query(statusQuery);
  return Object.fromEntries(marks.map((mark) => [markKey(mark), mark.from]));
}

interface Leaving {
  readonly pending: PendingGroups;
  readonly successorFrom: Readonly<Record<string, PositionInPartition>>;
  readonly claims: Claims;
  readonly history: RunHistory;
  readonly reader: HistoryReader;
}

/** Events between the ledger and the run's end come again, and then are the successor's. */
async function leaveWhatCameAgain(of: Leaving): Promise<Pick<EndedRun, 'book' | 'held'>> {
  const { pending, successorFrom, claims } = of;
  const book = pending.book();
  let held = pending.held();
  const marks: Mark[] = [];
  for (const mark of book.marks) {
    const from = successorFrom[markKey(mark)];
    if (!cameAgain(mark, from)) {
      marks.push(mark);
      continue;
    }
    const isOfMark = (batch: MeasurementBatch): boolean => markKey(batch) === markKey(mark);
    const opened: OpenedBatch[] = [];
    for (const batch of held.filter(isOfMark)) opened.push({ batch, rows: await openRows(claims, batch) });
    const left = withoutWhatCameAgain(mark, from, opened, await takenFrom(of, mark, from));
    marks.push(left.mark);
    held = [...held.filter((batch) => !isOfMark(batch)), ...left.held];
  }
  return { book: { ...book, marks }, held };
}

/** How many measurements from a position on this run, and those it continued, were sent. */
async function takenFrom(of: Leaving, mark: Mark, from: PositionInPartition): Promise<number> {
  const positions = new Set<string>();
  /** Released claims, whose rows are delivered and gone. */
  const released = new Map<string, number>();
  const note = async (batch: MeasurementBatch): Promise<void> => {
    if (markKey(batch) !== markKey(mark) || comparePositions(lastPosition(batch), from) < 0) return;
    const rows = await openRows(of.claims, batch);
    if (rows === undefined && isClaimed(batch.content)) released.set(batch.content.claim, batch.content.count);
    for (const row of rows?.rows ?? []) {
      if (comparePositions(positionOfRow(row), from) >= 0) positions.add(positionOfRow(row).join('|'));
    }
  };
  const noteRun = async ({ signals, input, continuedRunId }: RunHistory): Promise<void> => {
    for (const batch of signals) await note(batch);
    const before = input.carried?.pending.marks.find((each) => markKey(each) === markKey(mark));
    if (continuedRunId === undefined || before === undefined || !cameAgain(before, from)) return;
    await noteRun(await of.reader(continuedRunId));
  };
  await noteRun(of.history);
  return [...released.values()].reduce((sum, count) => sum + count, positions.size);
}

async function openRows(claims: Claims, { content, after }: MeasurementBatch): Promise<InlineRows | undefined> {
  if (!isClaimed(content)) return content;
  const rows = await claims.get(content.claim);
  return rows && rowsAbove(rows, after);
}

async function compact(
  claims: Claims,
  workflowId: string,
  held: readonly MeasurementBatch[],
): Promise<MeasurementBatch[]> {
  const joined = joinNeighbours(held);
  if (approximateBytes(joined) <= MAX_UPDATE_BYTES) return joined;
  return await Promise.all(
    joined.map(async (batch) => {
      const { content } = batch;
      return isClaimed(content) ? batch : { ...batch, content: await claims.put(workflowId, batch, content) };
    }),
  );
}

/** @returns false when the successor's measurements no longer begin where they did: look again */
async function handOver(
  { client, name }: Deployment,
  workflowId: string,
  { deviceId, type, settings }: DeviceMeasurementsInput,
  ended: EndedRun,
): Promise<boolean> {
  const start = startOptions({ workflowId, deviceId, type }, settings, taskQueuesOf(name).workflows);
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
