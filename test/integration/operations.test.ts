import { afterEach, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { recoverAll } from '../../cli/recover-runs.ts';
import { withDeployment } from '../../cli/deployment.ts';
import { verifyStatus } from '../../cli/status.ts';
import { taskQueuesOf } from '../../config/task-queues.ts';
import { namingOf } from '../../core/naming.ts';
import { createBackPressure, HeldBackError } from '../../ingest-bridge/back-pressure.ts';
import { createDispatch } from '../../ingest-bridge/dispatch.ts';
import { workflowSettings } from '../../ingest-bridge/workflow-settings.ts';
import { createLedgers } from '../../stores/ledgers.ts';
import { heldQuery } from '../../workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';
import { inlineBatch } from '../support/measurement-batches.ts';

const DAY = Date.UTC(2026, 0, 5, 10);
const reading = (deviceId: string, index: number): object => ({
  deviceId,
  measuredAt: new Date(DAY + index * 5000).toISOString(),
  heartRate: 60 + (index % 40),
});

describe('what an operator can do', () => {
  let system: LocalSystem;

  afterEach(async () => {
    await system.stop();
  });

  const start = async (settings: Parameters<typeof LocalSystem.start>[0] = {}): Promise<void> => {
    system = await LocalSystem.start(settings);
    await system.register('monitor-a', 'patient-a');
  };
  const verify = (patienceMs = 20_000) => verifyStatus(system.context(), patienceMs);
  const recover = () => withDeployment(system.context(), (deployment) => recoverAll(deployment));
  const received = async (count: number): Promise<void> => {
    await eventually(async () => {
      expect((await system.status()).workflows.received).toBe(count);
    });
  };
  const handle = (type = 'heartRate') => system.client.workflow.getHandle(system.workflowIds(type, 'monitor-a')[0]!);
  const singles = async (): Promise<(number | undefined)[]> => {
    const found = await system.observations('&subject=Patient/patient-a');
    return found.filter(({ code }) => code.text === 'heartRate').map(({ valueQuantity }) => valueQuantity?.value);
  };

  test('adds up exactly while everything runs, and names what does not add up', async () => {
    await start();
    await system.startWorker();
    await system.startBridge();
    for (let i = 0; i < 10; i++) await system.send('monitor-a', reading('monitor-a', i), '{"broken": ');
    await received(20);
    expect(await verify()).toMatchObject({ agrees: true, disagreements: [], ledgers: { deadLettered: 10 } });

    await rm(join(system.config.dataDir, 'store', system.config.deployment, 'dead-letters'), { recursive: true });
    const withoutLetters = await verify(0);
    expect(withoutLetters.agrees).toBe(false);
    expect(withoutLetters.disagreements).toMatchObject([{ kind: 'event-letters', deadLettered: 10, found: 0 }]);
  });

  test('sees a measurement that workflows have not taken in', async () => {
    await start();
    await system.startWorker();
    await system.startBridge();
    await system.send('monitor-a', reading('monitor-a', 0));
    await received(2);
    expect((await verify()).agrees).toBe(true);
    await system.stopBridge();

    await withDeployment(system.context(), async ({ store, name }) => {
      const ledgers = createLedgers(store, name);
      const used = (await ledgers.list()).find((ledger) => ledger.counts.events > 0)!;
      const { value, version } = (await ledgers.get(used.stream, used.partition))!;
      const counts = { ...value.counts, measurements: value.counts.measurements + 1 };
      await ledgers.put({ ...value, counts }, version);
    });
    expect((await verify(0)).disagreements).toMatchObject([{ kind: 'measurements', handedOver: 3, received: 2 }]);
  });

  test('brings back what a terminated run held, once, with its sums and with what it had not looked at yet', async () => {
    await start({ window: '1h', windows: 'heartRateHourly=200ms' });
    await system.startWorker();
    await system.startBridge();
    for (let i = 0; i < 5; i++) await system.send('monitor-a', reading('monitor-a', i));
    await received(10);
    await system.stopWorker();
    // No worker sees this one any more: it is in the history only.
    const { historyLength } = await handle().describe();
    await system.send('monitor-a', reading('monitor-a', 5));
    await eventually(async () => {
      expect((await handle().describe()).historyLength).toBeGreaterThan(historyLength);
    });
    await handle().terminate('by hand');
    await system.startWorker();

    const unrecovered = await verify(0);
    expect(unrecovered.disagreements.map(({ kind }) => kind)).toContain('run-ended');
    // Its successor is started by the next measurement, and knows nothing of what came before.
    await system.send('monitor-a', reading('monitor-a', 6));
    await eventually(async () => {
      expect((await handle().query(heldQuery, 0)).book.marks).toHaveLength(1);
    });
    const first = await recover();
    expect(first).toMatchObject({ failed: [], recovered: [{ workflowId: handle().workflowId, measurementCount: 6 }] });
    expect(await recover()).toEqual({ failed: [], recovered: [] });
    expect(await verify()).toMatchObject({ agrees: true, disagreements: [] });

    await handle().signal('flushNow');
    await eventually(async () => {
      expect(await singles()).toEqual([60, 61, 62, 63, 64, 65, 66]);
    });
    await eventually(async () => {
      expect(await verify(0)).toMatchObject({ agrees: true, workflows: { held: 0 } });
    });
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(3);
  });

  test('starts the workflow anew to bring back what it held, when nothing has come since', async () => {
    await start({ window: '1h' });
    await system.startWorker();
    await system.startBridge();
    for (let i = 0; i < 3; i++) await system.send('monitor-a', reading('monitor-a', i));
    await received(6);
    for (const type of ['heartRate', 'heartRateHourly']) await handle(type).terminate('by hand');
    expect((await recover()).recovered.map(({ measurementCount }) => measurementCount)).toEqual([3, 3]);
    await received(6);
    expect((await verify()).agrees).toBe(true);

    for (let i = 3; i < 5; i++) await system.send('monitor-a', reading('monitor-a', i));
    await received(10);
    await handle().terminate('again');
    expect((await recover()).recovered).toMatchObject([{ measurementCount: 5 }]);
    await handle().signal('flushNow');
    await eventually(async () => {
      expect(await singles()).toEqual([60, 61, 62, 63, 64]);
    });
    expect((await verify()).agrees).toBe(true);
  });

  test('brings back a run that no worker had looked at, and one that was recovered before and had events come again', async () => {
    await start({ window: '1h' });
    await system.startWorker();
    await system.startBridge();
    await system.send('monitor-b', reading('monitor-b', 0));
    await received(2);
    await system.stopWorker(); // it seems to be there for a while
    for (let i = 0; i < 3; i++) await system.send('monitor-a', reading('monitor-a', i));
    await eventually(async () => {
      for (const type of ['heartRate', 'heartRateHourly']) await handle(type).describe();
    });
    await handle().terminate('before its first task');
    await system.startWorker();
    expect(await recover()).toMatchObject({ failed: [], recovered: [{ measurementCount: 3 }] });
    expect(await verify()).toMatchObject({ agrees: true, workflows: { held: 8 } });

    // A bridge that was killed between its signals and its ledger sends its events again, to a successor without marks.
    await handle().terminate('again');
    await system.stopBridge();
    await rm(join(system.config.dataDir, 'store', system.config.deployment, 'ledgers'), { recursive: true });
    await system.startBridge();
    await eventually(async () => {
      expect((await handle().describe()).status.name).toBe('RUNNING');
      expect((await handle().query(heldQuery, 0)).book.marks).toMatchObject([{ receivedCount: 3 }]);
    });
    expect(await recover()).toMatchObject({ failed: [], recovered: [{ measurementCount: 3 }] });
    expect(await verify()).toMatchObject({ agrees: true, workflows: { held: 11, takenTwice: 3 } });
    await handle().signal('flushNow');
    await eventually(async () => {
      expect(await singles()).toEqual([60, 61, 62]);
    });
    expect((await verify()).agrees).toBe(true);
  });

  test('leaves a run alone that was ended by a reset: Temporal has handed on what came after', async () => {
    await start({ window: '1h' });
    await system.startWorker();
    await system.startBridge();
    for (let i = 0; i < 3; i++) await system.send('monitor-a', reading('monitor-a', i));
    await received(6);
    const { workflowId } = handle();
    const { runId } = await handle().describe();
    const { client } = system;
    await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: { low: 4, high: 0, unsigned: false } as never,
      reason: 'a test',
      requestId: runId,
    });
    expect(await verify()).toMatchObject({ agrees: true, workflows: { held: 6, endedCount: 0 } });
    expect(await recover()).toEqual({ failed: [], recovered: [] });
  });

  test('holds back while no worker runs, says so, and goes on by itself', async () => {
    await start();
    await system.startBridge();
    await system.send('monitor-a', reading('monitor-a', 0));
    await eventually(async () => {
      const { partitions } = (await system.bridgeHealth()) as {
        partitions: Record<string, { heldUp?: { by: string } }>;
      };
      expect(Object.values(partitions).map(({ heldUp }) => heldUp?.by)).toContain('the workers');
    });
    const started = await system.client.workflow.count(`WorkflowId STARTS_WITH '${system.config.deployment}.'`);
    expect(started.count).toBe(0);
    await system.startWorker();
    await eventually(async () => {
      expect(await singles()).toEqual([60]);
    });
  });

  test('adds nothing to a history that no worker has looked at for long, well before Temporal would end the run', async () => {
    await start();
    await system.startWorker(); // it makes the namespace ready
    await system.stopWorker();
    const { client, config } = system;
    const { workflows: taskQueue, fhir } = taskQueuesOf(config.deployment);
    const to = { workflowId: `${config.deployment}.hot.heartRate`, deviceId: 'hot', type: 'heartRate' };
    const naming = namingOf(config.deployment);
    const settingsFor = (type: string) => workflowSettings(config, type, fhir);
    const dispatch = createDispatch({ client, taskQueue, naming, settingsFor, tellsSettings: true });
    const backPressure = createBackPressure({ client, taskQueue });
    const batch = inlineBatch(Array.from({ length: 5000 }, (_, i) => i));
    const bytes = JSON.stringify(batch).length;
    let sentBytes = 0;
    const send = async (): Promise<void> => {
      for (; sentBytes < 50_000_000; sentBytes += bytes) {
        await backPressure.admit(to.workflowId, bytes);
        await dispatch(to, batch);
      }
    };
    await expect(send()).rejects.toThrow(HeldBackError);
    const { historySize = 0, status } = await client.workflow.getHandle(to.workflowId).describe();
    expect(status.name).toBe('RUNNING');
    expect(historySize).toBeGreaterThan(16_000_000);
    expect(historySize).toBeLessThan(20_000_000);
  });
});
