import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { expect, test } from '@jest/globals';
import type { DeliveryInput, DeliveryOutcome, WaitingOutcome } from '../../../core/delivery.ts';
import { createMetrics } from '../../../service/metrics.ts';
import { failureCode, meteredDelivery, meteredIdentity } from '../../../worker/metered-activities.ts';
import { parsePrometheusText, sumOf } from '../../support/prometheus-text.ts';

const INPUT: DeliveryInput = { deviceId: 'secret-device', type: 'heartRate', batches: [], identities: [] };
const QUESTION = {} as never;
const waiting = (code: WaitingOutcome['code']): WaitingOutcome => ({ key: 'secret-key', code, message: '', rows: [] });
const outcome = (...groups: WaitingOutcome[]): DeliveryOutcome => ({
  counts: { written: 4, superseded: 3, withoutValue: 2, deadLettered: 1, collidedSamples: 5 },
  observations: { created: 1, updated: 0, unchanged: 0 },
  waiting: groups,
  claimCounts: [],
});

function worker() {
  const { instruments, scrape } = createMetrics({ process: 'worker', deployment: 'test' });
  return { instruments, counted: async () => parsePrometheusText(await scrape()) };
}

test('a delivery is booked once it has come to its end, and its outcome is what it was', async () => {
  const { instruments, counted } = worker();
  const given = outcome(waiting('DEVICE_NOT_FOUND'), waiting('DEVICE_NOT_FOUND'), waiting('MAPPING_MISSING'));
  expect(await meteredDelivery(() => Promise.resolve(given), instruments)(INPUT)).toBe(given);
  const found = await counted();
  const booked = (of: string): number =>
    sumOf(found, 'iomt_measurements_booked_total', { type: 'heartRate', outcome: of });
  expect(['written', 'superseded', 'without_value', 'dead_lettered'].map(booked)).toEqual([4, 3, 2, 1]);
  expect(sumOf(found, 'iomt_samples_collided_total')).toBe(5);
  expect(sumOf(found, 'iomt_delivery_measurements_sum')).toBe(10);
  expect(sumOf(found, 'iomt_groups_waiting_total', { code: 'DEVICE_NOT_FOUND' })).toBe(2);
  expect(sumOf(found, 'iomt_groups_waiting_total', { code: 'MAPPING_MISSING' })).toBe(1);
  expect(sumOf(found, 'iomt_delivery_duration_seconds_count', { outcome: 'waiting' })).toBe(1);
});

test('a delivery that fails books nothing but its failure', async () => {
  const { instruments, counted } = worker();
  const error = ApplicationFailure.create({ type: 'FHIR_UNREACHABLE' });
  await expect(meteredDelivery(() => Promise.reject(error), instruments)(INPUT)).rejects.toBe(error);
  const found = await counted();
  expect(sumOf(found, 'iomt_delivery_duration_seconds_count', { outcome: 'failed' })).toBe(1);
  expect(found.has('iomt_measurements_booked_total')).toBe(false);
});

test('identities are counted by their answer, or by the code of their failure', async () => {
  const { instruments, counted } = worker();
  const answers = [
    () => Promise.resolve({ ok: true, assignments: [], coversFrom: '' } as const),
    () => Promise.resolve({ ok: false, code: 'DEVICE_NOT_FOUND', message: '' } as const),
    () => Promise.reject(ApplicationFailure.create({ type: 'FHIR_TIMEOUT' })),
  ];
  for (const answer of answers) {
    await meteredIdentity(answer, instruments)('secret-device', QUESTION).catch(() => undefined);
  }
  const found = (await counted()).get('iomt_identity_lookups_total');
  expect(found?.samples.map(({ labels, value }) => [labels['outcome'], value])).toEqual([
    ['resolved', 1],
    ['DEVICE_NOT_FOUND', 1],
    ['FHIR_TIMEOUT', 1],
  ]);
});

test.each([
  { error: ApplicationFailure.create({ type: 'STORE_UNAVAILABLE' }), code: 'STORE_UNAVAILABLE' },
  { error: ApplicationFailure.create({ type: 'Patient Alice' }), code: 'UNEXPECTED' },
  { error: new Error('Patient Alice'), code: 'UNEXPECTED' },
  { error: 'Patient Alice', code: 'UNEXPECTED' },
  { error: new CancelledFailure('over'), code: 'cancelled' },
])('a failure is named by the catalogue alone: $code', ({ error, code }) => {
  expect(failureCode(error)).toBe(code);
});
