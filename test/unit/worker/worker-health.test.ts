import { expect, test } from '@jest/globals';
import { NO_OUTCOMES } from '../../../core/delivery.ts';
import type { DeliveryOutcome } from '../../../core/delivery.ts';
import { WorkerHealth } from '../../../worker/worker-health.ts';

const QUEUE = { pollerCount: 1, backlogTasks: 0, backlogMs: 0 };
const QUEUES = { workflows: QUEUE, fhir: QUEUE };
const healthy = () => new WorkerHealth({ queues: () => Promise.resolve(QUEUES) });
const outcome = (written: number): DeliveryOutcome => ({
  counts: { ...NO_OUTCOMES, written },
  observations: { created: 0, updated: 0, unchanged: 0 },
  waiting: [],
  claimCounts: [],
});

test('a worker that polls and has delivered nothing yet is well', async () => {
  expect(await healthy().health()).toEqual({
    ok: true,
    isDegraded: false,
    details: { lastDeliveryAt: null, taskQueues: QUEUES },
  });
});

test('a delivery that decided something is told, one that did not is not', async () => {
  const health = healthy();
  health.noteDelivery(outcome(0));
  expect((await health.health()).details['lastDeliveryAt']).toBeNull();
  health.noteDelivery(outcome(1));
  expect((await health.health()).details['lastDeliveryAt']).toMatch(/Z$/);
});

test.each([
  { name: 'the server cannot be reached', outcomes: ['ok', 'FHIR_UNREACHABLE'], isDegraded: true },
  { name: 'the server is back', outcomes: ['FHIR_UNREACHABLE', 'ok'], isDegraded: false },
  { name: 'one request was refused', outcomes: ['OBSERVATION_REJECTED'], isDegraded: false },
  { name: 'a request was cancelled after a trouble', outcomes: ['FHIR_THROTTLED', 'cancelled'], isDegraded: true },
])('$name: degraded is $isDegraded', async ({ outcomes, isDegraded }) => {
  const health = healthy();
  for (const of of outcomes) health.noteRequest({ outcome: of });
  expect(await health.health()).toMatchObject({ ok: true, isDegraded });
});

test('Temporal that does not answer holds up nothing', async () => {
  const health = new WorkerHealth({ queues: () => Promise.reject(new Error('away')) });
  expect(await health.health()).toMatchObject({ ok: true, details: { taskQueues: null } });
});

test('a worker that has stopped polling is not well', async () => {
  const health = healthy();
  health.noteStopped();
  expect(await health.health()).toMatchObject({ ok: false });
});
