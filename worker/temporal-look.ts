import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { taskQueuesOf } from '../config/task-queues.ts';

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

type TaskQueueType = proto.temporal.api.enums.v1.TaskQueueType;

interface QueueLook {
  readonly pollerCount: number;
  readonly backlogTasks: number;
  readonly backlogMs: number;
}

/** Open workflows of the deployment, by the worst of their groups. */
interface WorkflowCounts {
  readonly well: number;
  readonly retrying: number;
  readonly stuck: number;
  readonly stuckLongerThan: { readonly '1h': number; readonly '24h': number };
}

/** What Temporal knows of a deployment, and any worker may tell: asked when somebody wants to know, and then kept. */
export interface TemporalLook {
  queues(): Promise<Readonly<Record<'workflows' | 'fhir', QueueLook>>>;
  workflows(): Promise<WorkflowCounts>;
}

const QUEUES_FOR_MS = 10_000;
/** Counting is dear where a million workflows are open, and the server allows ten such questions in a second. */
const WORKFLOWS_FOR_MS = 60_000;
const HOUR_MS = 3_600_000;

export function createTemporalLook(client: Client, deployment: string): TemporalLook {
  const names = taskQueuesOf(deployment);
  const count = async (condition: string): Promise<number> => {
    const query = `WorkflowId STARTS_WITH '${deployment}.' AND ExecutionStatus = 'Running'${condition}`;
    return (await client.workflow.count(query)).count;
  };
  const stuckLonger = (ms: number): Promise<number> =>
    count(` AND IomtState = 'stuck' AND IomtStuckSince < '${new Date(Date.now() - ms).toISOString()}'`);
  return {
    queues: remembered(QUEUES_FOR_MS, async () => {
      const [workflows, fhir] = await Promise.all([
        lookAtQueue(client, names.workflows, TASK_QUEUE_TYPE_WORKFLOW),
        lookAtQueue(client, names.fhir, TASK_QUEUE_TYPE_ACTIVITY),
      ]);
      return { workflows, fhir };
    }),
    workflows: remembered(WORKFLOWS_FOR_MS, async () => {
      const [open, retrying, stuck, hour, day] = await Promise.all([
        count(''),
        count(` AND IomtState = 'retrying'`),
        count(` AND IomtState = 'stuck'`),
        stuckLonger(HOUR_MS),
        stuckLonger(24 * HOUR_MS),
      ]);
      const well = Math.max(0, open - retrying - stuck);
      return { well, retrying, stuck, stuckLongerThan: { '1h': hour, '24h': day } };
    }),
  };
}

async function lookAtQueue(client: Client, name: string, taskQueueType: TaskQueueType): Promise<QueueLook> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType,
    reportStats: true,
  });
  return {
    pollerCount: pollers.length,
    backlogTasks: Number(stats?.approximateBacklogCount ?? 0),
    backlogMs: stats?.approximateBacklogAge == null ? 0 : tsToMs(stats.approximateBacklogAge),
  };
}

/** One question at a time, its answer kept for a while; a failure is not kept. */
function remembered<T>(forMs: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: T; readonly at: number } | undefined;
  let asking: Promise<T> | undefined;
  return async () => {
    if (known !== undefined && performance.now() - known.at < forMs) return known.value;
    asking ??= ask()
      .then((value) => {
        known = { value, at: performance.now() };
        return value;
      })
      .finally(() => {
        asking = undefined;
      });
    return await asking;
  };
}
