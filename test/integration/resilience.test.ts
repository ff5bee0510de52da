import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

/** One reading each five seconds of one hour, so that each has a slot of its own in the hourly Observation. */
const DAY = Date.UTC(2026, 0, 5, 10);
const reading = (deviceId: string, index: number): object => ({
  deviceId,
  measuredAt: new Date(DAY + index * 5000).toISOString(),
  heartRate: 60 + (index % 40),
});

describe('what happens when parts go away', () => {
  let system: LocalSystem;

  beforeEach(async () => {
    system = await LocalSystem.start();
    await system.register('monitor-a', 'patient-a');
  });

  afterEach(async () => {
    await system.stop();
  });

  /** Every reading once, in the slot of its time: counted in FHIR itself, not by the system's own sums. */
  async function expectReadings(count: number): Promise<void> {
    const observations = await system.observations('&subject=Patient/patient-a');
    const single = observations.filter(({ code }) => code.text === 'heartRate');
    const values = single.map(({ valueQuantity }) => valueQuantity?.value);
    expect(values).toEqual(Array.from({ length: count }, (_, i) => 60 + (i % 40)));
    const hourly = observations.find(({ code }) => code.text === 'heartRateHourly');
    const tokens = hourly?.valueSampledData?.data?.split(' ') ?? [];
    expect(tokens.slice(0, count)).toEqual(values.map(String));
    expect(tokens.slice(count).every((token) => token === 'E')).toBe(true);
  }

  test('goes on where it stopped: bridge and worker restarted in the middle lose and double nothing', async () => {
    await system.startWorker();
    await system.startBridge();
    const sending = (async () => {
      for (let i = 0; i < 150; i += 5) {
        await system.send('monitor-a', ...[0, 1, 2, 3, 4].map((j) => reading('monitor-a', i + j)));
        await rest(100);
      }
    })();
    for (let round = 0; round < 2; round++) {
      await rest(700);
      await system.stopBridge();
      await system.stopWorker();
      await system.startBridge();
      await system.startWorker();
    }
    await sending;

    await eventually(() => expectReadings(150), 60_000);
    const status = await system.status();
    expect(status.workflows.received).toBe(status.ledgers.measurements);
    expect(status.workflows.outcomes.written).toBe(300);
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(2);
  });

  test('keeps what arrives while the FHIR server is away, says so, and delivers it afterwards', async () => {
    await system.startWorker();
    await system.startBridge();
    await system.send('monitor-a', reading('monitor-a', 0));
    await eventually(() => expectReadings(1));

    await system.stopFhir();
    for (let i = 1; i < 40; i++) await system.send('monitor-a', reading('monitor-a', i));
    const query = `IomtState = 'stuck' AND IomtReason = 'FHIR_UNREACHABLE' AND WorkflowId STARTS_WITH '${system.config.deployment}.'`;
    await eventually(async () => {
      expect((await system.client.workflow.count(query)).count).toBe(2);
    });
    await system.restartFhir();

    await eventually(() => expectReadings(40), 60_000);
    await eventually(async () => {
      expect((await system.client.workflow.count(query)).count).toBe(0);
    });
    expect(await system.expectDeterministic()).toBeGreaterThanOrEqual(2);
  });

  test('cuts its history short: a workflow that goes on for long continues as new and loses nothing by it', async () => {
    await system.startWorker();
    await system.startBridge();
    for (let i = 0; i < 120; i++) {
      await system.send('monitor-a', reading('monitor-a', i));
      await rest(110);
    }
    await eventually(() => expectReadings(120), 60_000);
    const [workflowId = ''] = system.workflowIds('heartRate', 'monitor-a');
    const runs: number[] = [];
    for await (const run of system.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      runs.push(run.historyLength);
    }
    expect(runs.length).toBeGreaterThan(1);
    expect(Math.max(...runs)).toBeLessThan(400);
    expect((await system.status()).workflows.outcomes.written).toBe(240);
    expect(await system.expectDeterministic()).toBeGreaterThan(2);
  });

  test('refuses a wrong template with its reasons while the old one goes on, and takes the mended one', async () => {
    await system.startWorker();
    await system.startBridge();
    const { deviceContentFile = '' } = system.config;
    const good = await readFile(deviceContentFile, 'utf8');
    await writeFile(deviceContentFile, good.replace('"typeName"', '"typName"'));
    await eventually(async () => {
      const { refusedTemplates } = (await system.bridgeHealth()) as {
        refusedTemplates: { issues: { code: string; line: number }[] }[];
      };
      expect(refusedTemplates[0]?.issues.map(({ code }) => code)).toContain('TEMPLATE_MEMBER_UNKNOWN');
      expect(refusedTemplates[0]?.issues[0]?.line).toBeGreaterThan(1);
    });
    await system.send('monitor-a', reading('monitor-a', 0));
    await eventually(() => expectReadings(1));

    await writeFile(
      deviceContentFile,
      good.replaceAll('$.matchedToken.heartRate', '$.matchedToken.pulse').replaceAll('@heartRate', '@pulse'),
    );
    await eventually(async () => {
      expect(await system.bridgeHealth()).toMatchObject({ refusedTemplates: [] });
    });
    await eventually(async () => {
      await system.send('monitor-a', { ...reading('monitor-a', 1), heartRate: undefined, pulse: 61 });
      await expectReadings(2);
    });
  });
});
