import { afterEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addBatchesCommand } from '../../cli/batches.ts';
import { withDeployment } from '../../cli/deployment.ts';
import { verifyStatus } from '../../cli/status.ts';
import { createDeadLetters } from '../../stores/dead-letters.ts';
import type { WaitingGroupView, WorkflowStatus } from '../../workflows/messages.ts';
import { assignUpdate } from '../../workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const DAY = Date.UTC(2026, 0, 5, 10);
const reading = (deviceId: string, index: number): object => ({
  deviceId,
  measuredAt: new Date(DAY + index * 5000).toISOString(),
  heartRate: 60 + index,
});

describe('batches', () => {
  let system: LocalSystem;

  afterEach(async () => {
    process.exitCode = undefined;
    await system.stop();
  });

  async function start(settings: Parameters<typeof LocalSystem.start>[0] = {}): Promise<void> {
    system = await LocalSystem.start({ retrySlowInitial: '1h', retrySlowMaximum: '1h', ...settings });
    await system.startWorker();
    await system.startBridge();
  }

  /** As a person or a script runs it; what it prints. */
  async function cli(...args: string[]): Promise<string> {
    const lines: string[] = [];
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    addBatchesCommand(program, () => ({ ...system.context(), print: (line) => lines.push(line) }));
    await program.parseAsync(['node', 'iomt-fhir', 'batches', ...args]);
    return lines.join('\n');
  }

  const idOf = (type: string): string => system.workflowIds(type, 'monitor-a')[0]!;

  async function shown(type = 'heartRate'): Promise<{ status: WorkflowStatus; groups: WaitingGroupView[] }> {
    return JSON.parse(await cli('show', '--device', 'monitor-a', '--type', type, '--json')) as never;
  }

  async function waiting(type = 'heartRate'): Promise<WaitingGroupView> {
    return await eventually(async () => {
      const { groups } = await shown(type);
      expect(groups).toHaveLength(1);
      return groups[0]!;
    });
  }

  /** A device that is nobody's: its readings wait. */
  async function unassigned(count: number): Promise<void> {
    const identifier = [{ value: 'monitor-a' }];
    await system.put({ resourceType: 'Device', id: 'monitor-a', identifier } as never);
    await system.put({ resourceType: 'Patient', id: 'patient-a' });
    for (let i = 0; i < count; i++) await system.send('monitor-a', reading('monitor-a', i));
  }

  test('assigns what waits to whom an operator names, and nothing that comes later', async () => {
    await start();
    await unassigned(3);
    const group = await eventually(async () => {
      const found = await waiting();
      expect(found).toMatchObject({ code: 'DEVICE_WITHOUT_PATIENT', measurementCount: 3 });
      return found;
    });
    expect(new Date(group.from)).toEqual(new Date(DAY));
    expect(new Date(group.to)).toEqual(new Date(DAY + 10_000));
    expect(await cli('show', idOf('heartRate'))).toContain(`3 measurements taken from ${group.from} to ${group.to}`);
    for (const shownAsJson of [group, ...(await system.status()).waiting])
      expect(shownAsJson).not.toHaveProperty('key');
    expect(await cli('list', '--reason', 'DEVICE_WITHOUT_PATIENT', '--type', 'heartRate')).toContain(
      `${idOf('heartRate')}  stuck: DEVICE_WITHOUT_PATIENT since`,
    );
    const told = await cli('assign', idOf('heartRate'), group.id, '--patient', 'patient-a', '--why', 'ward book', '--by', 'ada'); // prettier-ignore
    expect(told).toContain(
      `Assigning group ${group.id} of ${idOf('heartRate')} to Patient/patient-a, Device/monitor-a`,
    );
    expect(told).toContain(`${idOf('heartRate')}: 3 measurements, request`);
    await eventually(async () => {
      const found = await system.observations('&subject=Patient/patient-a');
      expect(found.map(({ valueQuantity }) => valueQuantity?.value)).toEqual([60, 61, 62]);
      expect(found.map(({ device }) => device?.reference)).toEqual(Array(3).fill('Device/monitor-a'));
    });
    expect((await shown()).status.requests).toMatchObject([
      { kind: 'assign', by: 'ada', why: 'ward book', measurementCount: 3, openCount: 0 },
    ]);
    expect(await cli('show', idOf('heartRate'))).toMatch(/assign of 3 measurements at .* by ada: ward book \(done\)/);

    await system.send('monitor-a', reading('monitor-a', 9));
    expect(await waiting()).toMatchObject({ code: 'DEVICE_WITHOUT_PATIENT', measurementCount: 1 });
    await eventually(async () => {
      expect(await verifyStatus(system.context(), 0)).toMatchObject({ agrees: true });
    });
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(2);
  });

  test('keeps an assignment while the server is away', async () => {
    await start({ retrySlowInitial: '500ms', retrySlowMaximum: '500ms' });
    await unassigned(2);
    const group = await eventually(async () => {
      const found = await waiting();
      expect(found.measurementCount).toBe(2);
      return found;
    });
    await system.stopFhir();
    const { id, measurementCount } = group;
    const to = { device: 'monitor-a', patient: 'patient-a' };
    const request = { group: id, measurementCount, by: 'ada', why: 'ward book', to };
    await system.client.workflow.getHandle(idOf('heartRate')).executeUpdate(assignUpdate, { args: [request] });
    await eventually(async () => {
      expect((await waiting()).code).toBe('FHIR_UNREACHABLE');
      expect((await shown()).status.requests).toMatchObject([{ kind: 'assign', openCount: 2 }]);
    });
    await system.restartFhir();
    await eventually(async () => {
      expect(await system.observations('&subject=Patient/patient-a')).toHaveLength(2);
    });
    expect((await shown()).status.requests).toMatchObject([{ kind: 'assign', openCount: 0 }]);
  });

  test('dead-letters what an operator gives up, with who and why, and the sums agree', async () => {
    await start();
    for (let i = 0; i < 4; i++) await system.send('monitor-a', reading('monitor-a', i));
    await eventually(async () => {
      for (const type of ['heartRate', 'heartRateHourly']) expect((await waiting(type)).measurementCount).toBe(4);
    });
    expect(await cli('dead-letter', idOf('heartRate'), '--all', '--by', 'ada', '--why', 'a test device')).toContain(
      '4 meas',
    );
    const letters = await eventually(async () => {
      const all = await withDeployment(system.context(), ({ store, name }) => createDeadLetters(store, name).list());
      expect(all).toHaveLength(1);
      return all;
    });
    expect(letters).toMatchObject([
      {
        code: 'DEAD_LETTERED_BY_HAND',
        message: 'An operator had them dead-lettered while they waited (DEVICE_NOT_FOUND)',
        operator: { by: 'ada', why: 'a test device' },
        positions: { length: 4 },
        measurements: { length: 4 },
      },
    ]);
    await eventually(async () => {
      expect(await verifyStatus(system.context(), 0)).toMatchObject({
        agrees: true,
        workflows: { held: 4, outcomes: { deadLettered: 4 } },
      });
    });
  });

  test('tries groups again, all of a reason or one', async () => {
    await start();
    await system.send('monitor-a', reading('monitor-a', 0));
    const { id } = await waiting();
    await waiting('heartRateHourly');
    await system.register('monitor-a', 'patient-a');
    expect(await cli('retry', idOf('heartRate'), '--group', id)).toContain(`${idOf('heartRate')}: 1 measurements`);
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(1);
    });
    expect(await cli('retry', '--reason', 'DEVICE_NOT_FOUND')).toContain(idOf('heartRateHourly'));
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(2);
    });
    await eventually(async () => {
      expect(await cli('list')).toBe('No such workflow.');
    });
  });

  test('closes a window', async () => {
    await start({ window: '1h' });
    await system.register('monitor-a', 'patient-a');
    await system.send('monitor-a', reading('monitor-a', 0));
    await eventually(async () => {
      expect((await shown()).status.counts.buffered).toBe(1);
    });
    await cli('flush', idOf('heartRate'));
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(1);
    });
  });

  test('says what is wrong with a request, and notes nothing', async () => {
    await start();
    await system.send('monitor-a', reading('monitor-a', 0));
    const { id } = await waiting();
    await system.put({ resourceType: 'Patient', id: 'p' });
    await system.put({ resourceType: 'Device', id: 'd' });
    await system.put({ resourceType: 'Patient', id: 'patient-a' });
    await system.put({ resourceType: 'Device', id: 'device-a' });
    const assign = (group: string, patient: string, ...more: string[]): Promise<string> =>
      cli('assign', idOf('heartRate'), group, '--patient', patient, '--why', 'why', ...more);
    const device = ['--fhir-device', 'device-a'];
    await expect(assign('00000000', 'patient-a', ...device)).rejects.toThrow('no group that waits has the id 00000000');
    await expect(assign(id, 'patient-b', ...device)).rejects.toThrow('Patient/patient-b is not there in FHIR');
    await expect(assign(id, 'patient-a', '--fhir-device', 'device-b')).rejects.toThrow('Device/device-b is not there');
    await expect(assign(id, 'patient-a', ...device, '--encounter', 'e')).rejects.toThrow('Encounter/e is not there');
    await expect(assign(id, 'patient-a', ...device, '--encounter', 'Encounter/1')).rejects.toThrow('ids of FHIR');
    await expect(assign(id, 'patient-a')).rejects.toThrow('no Device of that identifier');
    const mistyped = cli('assign', 'nothing.of.this', id, '--patient', 'patient-a', '--why', 'why');
    await expect(mistyped).rejects.toThrow('nothing.of.this: no open workflow has this id');
    expect((await shown()).status.requests).toEqual([]);
  });

  test('asks every workflow, and says of each that refuses why', async () => {
    await start();
    await system.send('monitor-a', reading('monitor-a', 0));
    await waiting();
    await waiting('heartRateHourly');
    const told = await cli('retry', 'nothing.of.this', idOf('heartRate'));
    expect(told).toContain('nothing.of.this: not done: no open workflow has this id');
    expect(told).toContain(`${idOf('heartRate')}: 1 measurements`);
    expect(process.exitCode).toBe(1);

    await eventually(async () => {
      expect((await waiting()).attemptCount).toBe(2); // it is not just being tried
    });
    await cli('dead-letter', idOf('heartRate'), '--code', 'DEVICE_NOT_FOUND', '--by', 'ada', '--why', 'a test device');
    await eventually(async () => {
      expect((await shown()).status.counts.outcomes.deadLettered).toBe(1);
    });
    process.exitCode = undefined;
    const all = await cli('retry', '--all');
    expect(all).toContain(`${idOf('heartRate')}: not done: Expected a group that waits`);
    expect(all).toContain(`${idOf('heartRateHourly')}: 1 measurements`);
    expect(process.exitCode).toBeUndefined(); // one of them had something to try
    await cli('retry', '--all', '--group', '00000000');
    expect(process.exitCode).toBe(1);
  });
});

test('settings of a restarted bridge reach workflows that run already', async () => {
  const system = await LocalSystem.start({ window: '1h' });
  try {
    await system.register('monitor-a', 'patient-a');
    await system.startWorker();
    await system.startBridge();
    const [id] = system.workflowIds('heartRate', 'monitor-a');
    const status = () => system.client.workflow.getHandle(id!).query<WorkflowStatus>('status');
    await system.send('monitor-a', reading('monitor-a', 0));
    await eventually(async () => {
      expect((await status()).counts.buffered).toBe(1);
    });
    await system.stopBridge();
    await system.startBridge({ window: 200 });
    await system.client.workflow.getHandle(id!).signal('flushNow');
    await eventually(async () => {
      expect((await status()).counts.outcomes.written).toBe(1);
    });
    await system.send('monitor-a', reading('monitor-a', 1));
    await eventually(async () => {
      expect((await status()).counts.outcomes.written).toBe(2);
    });
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(2);
  } finally {
    await system.stop();
  }
});
