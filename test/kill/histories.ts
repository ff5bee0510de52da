import type { Client } from '@temporalio/client';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowIdOf } from '../../core/workflow-id.ts';
import { bundleWorkflows } from '../../worker/worker.ts';
import { HOT_DEVICE } from './readings.ts';
import { DEPLOYMENT } from './settings.ts';

/** Temporal ends a workflow at 50 MB; the system must stay well below. */
export const MAX_HISTORY_BYTES = 20 * 2 ** 20;

/** Measurement types of the hot device. */
export const HOT_TYPES = ['heartRate', 'heartRateHourly'] as const;

const QUERY = `WorkflowType = 'deviceMeasurements'`;

let bundle: Promise<WorkflowBundleOption> | undefined;

/** Size of the largest history of a run that is open, in bytes. */
export async function largestOpenHistory(client: Client): Promise<number> {
  let largest = 0;
  for await (const { workflowId, runId } of client.workflow.list({
    query: `${QUERY} AND ExecutionStatus = 'Running'`,
  })) {
    const { historySize = 0 } = await client.workflow.getHandle(workflowId, runId).describe();
    largest = Math.max(largest, historySize);
  }
  return largest;
}

/** Of the runs of the hot device that are open, together. */
export interface HotHistories {
  readonly bytes: number;
  readonly events: number;
  /** Those of the events that the bridge has sent. */
  readonly signals: number;
}

export async function hotHistories(client: Client): Promise<HotHistories> {
  const sum = { bytes: 0, events: 0, signals: 0 };
  for (const type of HOT_TYPES) {
    const handle = client.workflow.getHandle(workflowIdOf(DEPLOYMENT, HOT_DEVICE, type));
    const { historySize = 0, historyLength } = await handle.describe();
    const { events } = await handle.fetchHistory();
    sum.bytes += historySize;
    sum.events += historyLength;
    sum.signals += (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes != null).length;
  }
  return sum;
}

export interface ReplayedHistories {
  readonly count: number;
  /** Runs that the present code decides otherwise, and why. */
  readonly failures: readonly string[];
}

/** Replays the history of every run there is with the workflow code as it is. */
export async function replayHistories(client: Client): Promise<ReplayedHistories> {
  const workflowBundle = await (bundle ??= bundleQuietly());
  let count = 0;
  const failures: string[] = [];
  const histories = client.workflow.list({ query: QUERY }).intoHistories();
  for await (const { workflowId, runId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    count += 1;
    if (error !== undefined) failures.push(`${workflowId}, run ${runId}: ${error.message}`);
  }
  return { count, failures };
}

async function bundleQuietly(): Promise<WorkflowBundleOption> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  return await bundleWorkflows();
}
