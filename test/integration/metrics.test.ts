import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../sandbox/free-port.ts';
import { INGEST_ERRORS } from '../../core/errors.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';
import type { Family } from '../support/prometheus-text.ts';
import { parsePrometheusText, sumOf } from '../support/prometheus-text.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 5, 10, 0, second)).toISOString();
const heartRate = (deviceId: string, second: number, value: unknown): object => ({
  deviceId,
  measuredAt: at(second),
  heartRate: value,
});

describe('the metrics of a system that has worked', () => {
  let system: LocalSystem;

  const scrape = async (port: number): Promise<Map<string, Family>> => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).not.toContain('did not answer');
    return parsePrometheusText(text);
  };
  const bridge = (): Promise<Map<string, Family>> => scrape(system.config.bridgePort);
  const worker = (): Promise<Map<string, Family>> => scrape(system.config.workerPort);

  beforeAll(async () => {
    system = await LocalSystem.start({ workerPort: String(await freePort(0)), lagInterval: '200ms' });
    await system.startWorker();
    await system.startBridge();
    await system.register('secret-device-a', 'secret-patient-a');
    await system.send(
      'a',
      ...[0, 5, 10].map((second) => heartRate('secret-device-a', second, 60 + second)),
      heartRate('secret-device-a', 15, 'no number'),
      '{"deviceId": "secret-device-a", "heartRate": ',
      { deviceId: 'secret-device-a', measuredAt: at(0), battery: 80 },
    );
    await system.send('b', heartRate('secret-device-b', 0, 66));
    await eventually(async () => {
      const { ledgers, workflows, waiting } = await system.status();
      expect(ledgers.events).toBe(7);
      expect(workflows.received).toBe(ledgers.measurements);
      expect(workflows.outcomes.written + workflows.outcomes.deadLettered).toBe(8);
      expect(waiting.map(({ phase }) => phase)).toEqual(['stuck', 'stuck']);
    });
  });

  afterAll(async () => {
    await system.stop();
  });

  test('of the bridge agree with the ledgers', async () => {
    const { ledgers, deadLetterCount } = await system.status();
    const found = await bridge();
    const ingested = (outcome: string): number => sumOf(found, 'iomt_events_ingested_total', { outcome });
    expect({
      events: sumOf(found, 'iomt_events_ingested_total'),
      unmatched: ingested('unmatched'),
      deadLettered: ingested('dead_lettered'),
      measurements: sumOf(found, 'iomt_measurements_handed_over_total'),
      missing: sumOf(found, 'iomt_events_missing_total'),
    }).toEqual({
      events: ledgers.events,
      unmatched: ledgers.unmatched,
      deadLettered: ledgers.deadLettered,
      measurements: ledgers.measurements,
      missing: ledgers.missing,
    });
    expect(ingested('unmatched')).toBe(1);
    expect(sumOf(found, 'iomt_events_received_total')).toBe(7);
    expect(sumOf(found, 'iomt_receive_batch_events_sum')).toBe(7);
    expect(sumOf(found, 'iomt_handover_duration_seconds_count')).toBe(7);
    expect(sumOf(found, 'iomt_signal_measurements_sum')).toBe(ledgers.measurements);
    expect(sumOf(found, 'iomt_signals_total')).toBe(sumOf(found, 'iomt_signal_measurements_count'));
    expect(sumOf(found, 'iomt_dead_letters_total', { stage: 'normalize', code: 'BODY_NOT_JSON' })).toBe(1);
    expect(deadLetterCount).toBe(1 + sumOf(await worker(), 'iomt_dead_letters_total', { stage: 'transform' }));
  });

  test('of the bridge tell how it stands with each partition', async () => {
    await eventually(async () => {
      const found = await bridge();
      expect(sumOf(found, 'iomt_partitions')).toBe(2);
      expect(sumOf(found, 'iomt_partitions_owned')).toBe(2);
      expect(found.get('iomt_partition_lag_events')?.samples.map(({ value }) => value)).toEqual([0, 0]);
      expect(found.get('iomt_partition_lag_seconds')?.samples.map(({ value }) => value)).toEqual([0, 0]);
      expect(sumOf(found, 'iomt_partition_freshness_seconds')).toBeGreaterThan(0);
      expect(found.get('iomt_partition_unread_seconds')?.samples ?? []).toEqual([]);
    });
  });

  test('of the worker agree with what the workflows have booked', async () => {
    const { workflows } = await system.status();
    const found = await worker();
    const booked = (outcome: string): number => sumOf(found, 'iomt_measurements_booked_total', { outcome });
    expect({
      written: booked('written'),
      superseded: booked('superseded'),
      withoutValue: booked('without_value'),
      deadLettered: booked('dead_lettered'),
      collidedSamples: sumOf(found, 'iomt_samples_collided_total'),
    }).toEqual(workflows.outcomes);
    const observations = await system.observations();
    expect(sumOf(found, 'iomt_resource_writes_total', { outcome: 'created' })).toBe(observations.length);
    expect(sumOf(found, 'iomt_ingestion_to_fhir_seconds_count')).toBe(workflows.outcomes.written);
    expect(sumOf(found, 'iomt_groups_waiting_total', { code: 'DEVICE_NOT_FOUND' })).toBeGreaterThan(0);
    expect(sumOf(found, 'iomt_identity_lookups_total', { outcome: 'resolved' })).toBeGreaterThan(0);
    expect(sumOf(found, 'iomt_identity_lookups_total', { outcome: 'DEVICE_NOT_FOUND' })).toBeGreaterThan(0);
    const requests = sumOf(found, 'iomt_fhir_requests_total');
    expect(requests).toBeGreaterThanOrEqual(observations.length);
    expect(sumOf(found, 'iomt_fhir_request_duration_seconds_count')).toBeGreaterThanOrEqual(requests);
  });

  test('of the worker tell what Temporal counts', async () => {
    // What was counted is believed for a minute, and visibility may have been late.
    await eventually(async () => {
      const found = await worker();
      const workflows = ['well', 'retrying', 'stuck'].map((state) => sumOf(found, 'iomt_workflows', { state }));
      expect(workflows).toEqual([2, 0, 2]);
      expect(sumOf(found, 'iomt_workflows_stuck_long')).toBe(0);
      expect(sumOf(found, 'iomt_task_queue_pollers', { queue: 'workflows' })).toBeGreaterThan(0);
      expect(sumOf(found, 'iomt_task_queue_pollers', { queue: 'fhir' })).toBeGreaterThan(0);
      expect(sumOf(found, 'iomt_template_info')).toBe(2);
    }, 90_000);
  });

  test('name no device, patient, id or reading, and codes of the catalogue alone', async () => {
    const types = ['heartRate', 'heartRateHourly', 'bloodPressure'];
    for (const found of [await bridge(), await worker()]) {
      for (const { name, labels } of [...found.values()].flatMap(({ samples }) => samples)) {
        expect([name, JSON.stringify(labels).includes('secret')]).toEqual([name, false]);
        if (labels['partition'] !== undefined) expect(['0', '1']).toContain(labels['partition']);
        if (labels['type'] !== undefined) expect(types).toContain(labels['type']);
        if (labels['code'] !== undefined) expect(Object.keys(INGEST_ERRORS)).toContain(labels['code']);
      }
    }
  });

  test('the worker’s health tells of its last delivery and its queues', async () => {
    const response = await fetch(`http://127.0.0.1:${system.config.workerPort}/health`);
    expect(await response.json()).toMatchObject({
      status: 'ok',
      lastDeliveryAt: expect.stringMatching(/Z$/),
      taskQueues: { workflows: { pollerCount: expect.any(Number) }, fhir: { backlogTasks: expect.any(Number) } },
    });
  });

  test('begin at zero with each start, also within one process', async () => {
    await system.stopWorker();
    await system.startWorker();
    expect(sumOf(await worker(), 'iomt_measurements_booked_total', { outcome: 'written' })).toBe(0);
    expect(sumOf(await bridge(), 'iomt_events_ingested_total')).toBe(7);
  });

  test('a worker without a FHIR server says that it is degraded, and why', async () => {
    await system.stopFhir();
    await system.send('a', heartRate('secret-device-a', 20, 70));
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${system.config.workerPort}/health`);
      expect([response.status, await response.json()]).toEqual([
        200,
        expect.objectContaining({
          status: 'degraded',
          lastFhirError: { code: 'FHIR_UNREACHABLE', at: expect.stringMatching(/Z$/) },
        }),
      ]);
      const found = await worker();
      expect(sumOf(found, 'iomt_fhir_requests_total', { outcome: 'FHIR_UNREACHABLE' })).toBeGreaterThan(0);
    });
    await system.restartFhir();
  });
});
