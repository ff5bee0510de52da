import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 5, 10, 0, second)).toISOString();

describe('the pipeline', () => {
  let system: LocalSystem;

  beforeAll(async () => {
    system = await LocalSystem.start();
    await system.startWorker();
    await system.startBridge();
  });

  afterAll(async () => {
    await system.stop();
  });

  test('makes Observations of the messages of registered devices', async () => {
    await system.register('monitor-a', 'patient-a');
    await system.register('cuff-a', 'patient-a');
    await system.send(
      'monitor-a',
      ...[0, 5, 10].map((s) => ({ deviceId: 'monitor-a', measuredAt: at(s), heartRate: 60 + s })),
    );
    await system.send('cuff-a', {
      deviceId: 'cuff-a',
      measuredAt: at(0),
      bloodPressure: { systolic: 121, diastolic: 79 },
    });

    const observations = await eventually(async () => {
      const found = await system.observations();
      expect(found).toHaveLength(5);
      return found;
    });
    const ofType = (type: string): Observation[] => observations.filter(({ code }) => code.text === type);
    expect(ofType('heartRate').map(({ valueQuantity }) => valueQuantity?.value)).toEqual([60, 65, 70]);
    expect(ofType('heartRateHourly')[0]?.valueSampledData?.data).toMatch(/^60 65 70( E){717}$/);
    expect(ofType('bloodPressure')[0]?.component?.map(({ valueQuantity }) => valueQuantity?.value)).toEqual([121, 79]);
    expect(observations.every(({ subject }) => subject?.reference === 'Patient/patient-a')).toBe(true);
  });

  test('writes a malformed message to the dead letters and goes on with the next', async () => {
    await system.register('monitor-b', 'patient-b');
    const good = (s: number): object => ({ deviceId: 'monitor-b', measuredAt: at(s), heartRate: 80 });
    await system.send('monitor-b', good(0), '{"deviceId": "monitor-b", "heartRate": ', good(5));

    await eventually(async () => {
      expect(await system.observations('&subject=Patient/patient-b')).toHaveLength(3);
    });
    const status = await system.status();
    expect(status.deadLetterCount).toBe(1);
    expect(status.ledgers.deadLettered).toBe(1);
  });

  test('keeps a reading that is no number from its own Observation only', async () => {
    await system.register('monitor-c', 'patient-c');
    const reading = (s: number, heartRate: unknown): object => ({
      deviceId: 'monitor-c',
      measuredAt: at(s),
      heartRate,
    });
    await system.send('monitor-c', reading(0, 71), reading(5, 'unknown'), reading(10, 73));

    await eventually(async () => {
      const found = await system.observations('&subject=Patient/patient-c');
      expect(found.filter(({ code }) => code.text === 'heartRate').map((o) => o.valueQuantity?.value)).toEqual([
        71, 73,
      ]);
      const hourly = found.find(({ code }) => code.text === 'heartRateHourly');
      expect(hourly?.valueSampledData?.data).toMatch(/^71 E 73 E/);
    });
    expect((await system.status()).workflows.outcomes.deadLettered).toBe(2);
  });

  test('lets the group of an unknown device wait, visibly, and heals when its Device is registered', async () => {
    await system.send('monitor-d', { deviceId: 'monitor-d', measuredAt: at(0), heartRate: 66 });
    const stuck = `IomtState = 'stuck' AND IomtReason = 'DEVICE_NOT_FOUND' AND IomtDevice = 'monitor-d'`;
    const countStuck = async (): Promise<number> => (await system.client.workflow.count(stuck)).count;

    await eventually(async () => {
      expect(await countStuck()).toBe(2);
    });
    const { waiting } = await system.status();
    expect(waiting.map(({ code, measurementCount }) => [code, measurementCount])).toEqual([
      ['DEVICE_NOT_FOUND', 1],
      ['DEVICE_NOT_FOUND', 1],
    ]);
    expect(await system.observations('&subject=Patient/patient-d')).toEqual([]);

    await system.register('monitor-d', 'patient-d');
    await eventually(async () => {
      expect(await system.observations('&subject=Patient/patient-d')).toHaveLength(2);
      expect(await countStuck()).toBe(0);
    });
  });

  test('accounts for every measurement and every event', async () => {
    const status = await eventually(async () => {
      const now = await system.status();
      expect(now.workflows.held).toBe(0);
      expect(now.onTheWay).toBe(0);
      return now;
    });
    const { written, superseded, withoutValue, deadLettered } = status.workflows.outcomes;
    expect(status.ledgers.events).toBe(11);
    expect(status.workflows.received).toBe(status.ledgers.measurements);
    expect(written + superseded + withoutValue + deadLettered).toBe(status.ledgers.measurements);
    expect(status.workflows.silentCount).toBe(0);
  });

  test('decides the same when its histories are replayed', async () => {
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(7);
  });
});
