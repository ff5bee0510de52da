import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as rest } from 'node:timers/promises';
import { taskQueuesOf } from '../../config/task-queues.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

/** A message fills a signal of its own: with one event a batch, rows are not put together and become no claim. */
const VALUE_LENGTH = 15_000;
/** More than fill a history. */
const MESSAGE_COUNT = 700;
const MESSAGES_TOGETHER = 20;
const TYPE = 'bloodPressure';

let system: LocalSystem;
/** Temporal answers a poll before its deadline, with a task or without. */
const POLL_MS = 60_000;
/** Tasks may wait for ten seconds. Each carries the whole history: at once after one another they slow everything. */
const BETWEEN_POLLS_MS = 3_000;

let ending: AbortController;
let failing: Promise<void> | undefined;

beforeEach(async () => {
  system = await LocalSystem.start({ receiveBatchSize: '1' });
  ending = new AbortController();
});

afterEach(async () => {
  ending.abort();
  await failing;
  await system.stop();
});

/** A worker whose code fails at every task: the bridge is told of a worker, and of no task that waits. */
async function failAtTasks(signal: AbortSignal): Promise<void> {
  const { client, config } = system;
  const { namespace } = client.options;
  const taskQueue = { name: taskQueuesOf(config.deployment).workflows };
  const service = client.workflowService;
  const failAtNext = async (): Promise<void> => {
    const { taskToken } = await service.pollWorkflowTaskQueue({ namespace, taskQueue, identity: 'fails' });
    if (taskToken.length > 0) await service.respondWorkflowTaskFailed({ namespace, taskToken, identity: 'fails' });
  };
  try {
    for (;;) {
      await client.withAbortSignal(signal, () => client.withDeadline(Date.now() + POLL_MS, failAtNext));
      await rest(BETWEEN_POLLS_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function sendMuch(): Promise<void> {
  for (let sent = 0; sent < MESSAGE_COUNT; sent += MESSAGES_TOGETHER) {
    const messages = Array.from({ length: MESSAGES_TOGETHER }, (_, i) => ({
      deviceId: 'hot',
      measuredAt: new Date(Date.UTC(2026, 0, 5, 10) + (sent + i) * 5000).toISOString(),
      bloodPressure: { systolic: 'x'.repeat(VALUE_LENGTH), diastolic: 'x'.repeat(VALUE_LENGTH) },
    }));
    await system.send('hot', ...messages);
  }
}

interface Partition {
  readonly sequenceNumber: number;
  readonly heldUp?: { readonly by: string; readonly attemptCount: number };
}

/** The partition that is held up by a full history. */
async function heldPartition(): Promise<Required<Partition>> {
  const { partitions } = (await system.bridgeHealth()) as { partitions: Record<string, Partition> };
  const held = Object.values(partitions).filter(({ heldUp }) => heldUp !== undefined);
  expect(held).toMatchObject([{ heldUp: { by: 'the history of a workflow' } }]);
  return held[0] as Required<Partition>;
}

async function history(): Promise<{ bytes: number; events: number; status: string }> {
  const { client } = system;
  const handle = client.workflow.getHandle(system.workflowIds(TYPE, 'hot')[0]!);
  const { historySize = 0, historyLength, status } = await handle.describe();
  return { bytes: historySize, events: historyLength, status: status.name };
}

test('holds the partition of a device back whose history is full, while a worker polls and fails at every task', async () => {
  await system.startWorker(); // it makes the namespace ready
  await system.stopWorker();
  failing = failAtTasks(ending.signal);
  await system.startBridge();
  await sendMuch();
  const before = await eventually(heldPartition, 90_000);
  const full = await history();
  expect(full.status).toBe('RUNNING');
  expect(full.bytes).toBeGreaterThan(16_000_000);
  expect(full.bytes).toBeLessThan(20_000_000);
  expect(before.sequenceNumber).toBeLessThan(MESSAGE_COUNT - 1);

  const later = await eventually(async () => {
    const now = await heldPartition();
    expect(now.heldUp.attemptCount).toBeGreaterThan(before.heldUp.attemptCount + 3);
    return now;
  });
  expect(later.sequenceNumber).toBe(before.sequenceNumber);
  // A task that fails may leave an event; a signal would not fit.
  expect((await history()).bytes - full.bytes).toBeLessThan(VALUE_LENGTH);
}, 180_000);
