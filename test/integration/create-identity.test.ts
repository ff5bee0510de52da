import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Device, Patient, Resource } from 'fhir/r4.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deterministicId } from '../../core/deterministic-id.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 5, 10, 0, second)).toISOString();
const reading = (deviceId: string, second: number, patientId?: string): object => ({
  deviceId,
  measuredAt: at(second),
  heartRate: 60 + second,
  ...(patientId !== undefined && { patientId }),
});

/** Two types for each reading, so that two workflows of a device begin at once. */
function deviceContent(): string {
  const templates = ['heartRate', 'heartRateHourly'].map((typeName) => ({
    templateType: 'CalculatedContent',
    template: {
      typeName,
      typeMatchExpression: '$..[?(@heartRate)]',
      deviceIdExpression: '$.matchedToken.deviceId',
      timestampExpression: '$.matchedToken.measuredAt',
      patientIdExpression: '$.matchedToken.patientId',
      values: [{ valueName: 'heartRate', valueExpression: '$.matchedToken.heartRate', required: true }],
    },
  }));
  return JSON.stringify({ templateType: 'CollectionContent', template: templates });
}

describe.each([
  { name: 'of our own manner', behaves: [] },
  { name: 'like Medplum', behaves: ['medplum'] as const },
  { name: 'like HAPI', behaves: ['hapi'] as const },
  { name: 'that gives ids of its own', behaves: ['assigns-ids'] as const },
])('in the mode Create, on a server $name', ({ behaves }) => {
  const devices = ['monitor-a', 'monitor-b', 'monitor-c'];
  const keepsIds = !behaves.includes('assigns-ids' as never);
  let folder: string;
  let system: LocalSystem;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iomt-create-'));
    const deviceContentFile = join(folder, 'devicecontent.json');
    await writeFile(deviceContentFile, deviceContent());
    system = await LocalSystem.start({ identityMode: 'Create', deviceContentFile }, { behaves });
    await Promise.all([system.startWorker(), system.startBridge()]);
  });

  afterAll(async () => {
    await system.stop();
    await rm(folder, { recursive: true });
  });

  async function all<R extends Resource>(type: R['resourceType']): Promise<R[]> {
    const response = await fetch(`${system.fhir.baseUrl}/${type}?_count=100`);
    return (((await response.json()) as { entry?: { resource: R }[] }).entry ?? []).map(({ resource }) => resource);
  }

  async function countStuck(reason: string, deviceId: string): Promise<number> {
    const { deployment } = system.config;
    const query = `IomtState = 'stuck' AND IomtReason = '${reason}' AND IomtDevice = '${deviceId}'`;
    return (await system.client.workflow.count(`${query} AND WorkflowId STARTS_WITH '${deployment}.'`)).count;
  }

  test('a new device and its patient are made once, by whichever workflow is first', async () => {
    for (const device of devices) await system.send(device, reading(device, 0, `patient-of-${device}`));
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(6);
    });
    const [made, patients] = [await all<Device>('Device'), await all<Patient>('Patient')];
    expect(made.map(({ identifier }) => identifier?.[0]?.value).toSorted()).toEqual(devices);
    expect(patients).toHaveLength(3);
    for (const { id, identifier, patient } of made) {
      const deviceId = identifier?.[0]?.value ?? '';
      const owner = patients.find((one) => one.identifier?.[0]?.value === `patient-of-${deviceId}`);
      expect(patient?.reference).toBe(`Patient/${owner?.id ?? ''}`);
      expect(await system.observations(`&subject=Patient/${owner?.id ?? ''}`)).toHaveLength(2);
      if (keepsIds) expect(id).toBe(deterministicId('', deviceId));
    }
  });

  test('a message that names another patient waits, and its reading is not written', async () => {
    await system.send('monitor-a', reading('monitor-a', 5, 'somebody-else'));
    await eventually(async () => {
      expect(await countStuck('PATIENT_MISMATCH', 'monitor-a')).toBe(2);
    });
    expect(await system.observations()).toHaveLength(6);
    expect(await all('Patient')).toHaveLength(3);
  });

  test('a message without a patient id waits until one comes that has it', async () => {
    await system.send('monitor-d', reading('monitor-d', 0));
    await eventually(async () => {
      expect(await countStuck('PATIENT_ID_MISSING', 'monitor-d')).toBe(2);
    });
    await system.send('monitor-d', reading('monitor-d', 5, 'patient-of-monitor-d'));
    await eventually(async () => {
      expect(await system.observations()).toHaveLength(9);
      expect(await countStuck('PATIENT_ID_MISSING', 'monitor-d')).toBe(0);
    });
  });
});
