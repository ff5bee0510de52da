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
/** Workflow tasks older than this mean that the workers do not keep up. */
const MOST_BACKLOG_MS = 10_000;
/** Far below the 50 MB at which a run is ended, and what a worker that comes back can replay. */
const MOST_HISTORY_BYTES = 16 * 1024 * 1024;
/** Temporal takes ten thousand signals of a run, each an event. */
const MOST_HISTORY_EVENTS = 8_000;
/** After so much has been sent to one workflow, its history is looked at. */
const LOOK_AFTER_BYTES = 1024 * 1024;
const LOOK_AFTER_SIGNALS = 500;
/** Workflows that are counted; the one that has been silent for longest is forgotten first. */
const MOST_COUNTED = 20_000;

export function createBackPressure({
  client,
  taskQueue,
  now = () => performance.now(),
}: BackPressureOptions): BackPressure {
  let lookedAt = -Infinity;
  let looking: Promise<void> | undefined;
  const sent = new Map<string, { bytes: number; signals: number }>();

  const lookAtWorkers = async (): Promise<void> => {
    const { pollers, stats } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
      reportStats: true,
    });
    // Whoever polled within the last minutes is named; one that is gone since is told by the age of the tasks.
    if (pollers.length === 0) {
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
      const known = sent.get(workflowId) ?? { bytes: 0, signals: 0 };
      const total = { bytes: known.bytes + bytes, signals: known.signals + 1 };
      const isMuch = total.bytes > LOOK_AFTER_BYTES || total.signals > LOOK_AFTER_SIGNALS;
      if (isMuch) await assertRoom(client, workflowId);
      sent.delete(workflowId);
      sent.set(workflowId, isMuch ? { bytes, signals: 1 } : total);
      const [longestSilent] = sent.keys();
      if (sent.size > MOST_COUNTED && longestSilent !== undefined) sent.delete(longestSilent);
    },
  };
}

/** @throws HeldBackError when the history of the present run has no room left; none yet has room */
async function assertRoom(client: Client, workflowId: string): Promise<void> {
  try {
    const { historySize = 0, historyLength, status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return;
    if (historySize <= MOST_HISTORY_BYTES && historyLength <= MOST_HISTORY_EVENTS) return;
    const size = `${historyLength} events, ${historySize} bytes`;
    throw new HeldBackError(`A history has ${size}: its workflow has to work it off first`);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    throw error;
  }
}
