import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** Temporal would take more, and it would do harm: nothing is sent until the reason is gone. */
export class HeldBackError extends Error {
  override readonly name = 'HeldBackError';
}

/**
 * Temporal takes signals without any worker, until it ends the run whose history has become too large. So it is asked
 * whether workers keep up before signals are sent, and how large a history is that much has been sent to.
 */
export interface BackPressure {
  /** @throws HeldBackError while no worker polls, or while workers lag behind */
  awaitWorkers(): Promise<void>;
  /**
   * Counts what is about to be sent.
   *
   * @throws HeldBackError while the workflow's history is too large to be added to
   */
  admit(workflowId: string, bytes: number): Promise<void>;
}

export interface BackPressureOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** The answer of a look holds for so long. */
const LOOK_EVERY_MS = 2_000;
/** A poll lasts a minute; a worker whose last one began earlier than this is gone. */
const POLLED_WITHIN_MS = 90_000;
/** Workflow tasks older than this mean that the workers do not keep up. */
const MOST_BACKLOG_MS = 10_000;
/** Far below the 50 MB at which a run is ended, and what a worker that comes back can replay. */
const MOST_HISTORY_BYTES = 16 * 1024 * 1024;
/** After so much has been sent to one workflow, its history is looked at. */
const LOOK_AFTER_BYTES = 1024 * 1024;
/** Workflows that are counted; the one that has been silent for longest is forgotten first. */
const MOST_COUNTED = 20_000;

export function createBackPressure({
  client,
  taskQueue,
  now = () => performance.now(),
}: BackPressureOptions): BackPressure {
  let lookedAt = -Infinity;
  let looking: Promise<void> | undefined;
  const sent = new Map<string, number>();

  const lookAtWorkers = async (): Promise<void> => {
    const { pollers, stats } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
      reportStats: true,
    });
    const oldest = Date.now() - POLLED_WITHIN_MS;
    if (!pollers.some(({ lastAccessTime }) => lastAccessTime != null && tsToMs(lastAccessTime) >= oldest)) {
      throw new HeldBackError(`Expected a worker to poll the task queue ${taskQueue}`);
    }
    const backlogMs = stats?.approximateBacklogAge == null ? 0 : tsToMs(stats.approximateBacklogAge);
    if (backlogMs > MOST_BACKLOG_MS) {
      throw new HeldBackError(`Workflow tasks of ${taskQueue} have waited for ${Math.round(backlogMs / 1000)} s`);
    }
    lookedAt = now();
  };

  return {
    async awaitWorkers() {
      if (now() - lookedAt < LOOK_EVERY_MS) return;
      looking ??= lookAtWorkers().finally(() => {
        looking = undefined;
      });
      await looking;
    },

    async admit(workflowId, bytes) {
      const total = (sent.get(workflowId) ?? 0) + bytes;
      if (total > LOOK_AFTER_BYTES) {
        const historyBytes = await historyBytesOf(client, workflowId);
        if (historyBytes > MOST_HISTORY_BYTES) {
          throw new HeldBackError(`A history has ${historyBytes} bytes: its workflow has to work it off first`);
        }
      }
      sent.delete(workflowId);
      sent.set(workflowId, total > LOOK_AFTER_BYTES ? bytes : total);
      const [longestSilent] = sent.keys();
      if (sent.size > MOST_COUNTED && longestSilent !== undefined) sent.delete(longestSilent);
    },
  };
}

/** Of its present run; none yet is none. */
async function historyBytesOf(client: Client, workflowId: string): Promise<number> {
  try {
    const { historySize, status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? (historySize ?? 0) : 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}
