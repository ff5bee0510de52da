import { describe, expect, test } from '@jest/globals';
import type { Reading } from '../../../activities/readings.ts';
import { groupReadings } from '../../../activities/resource-groups.ts';
import type { DeliveryInput } from '../../../core/delivery.ts';
import { IngestError } from '../../../core/errors.ts';
import type { Assignment } from '../../../core/identity.ts';
import { inlineBatch } from '../../support/measurement-batches.ts';
import { measured, templateOf } from '../../support/fhir-mapping.ts';

const TEMPLATE = templateOf({ periodInterval: 1440, value: { valueType: 'Quantity', valueName: 'q' } });
/** @param seconds after 2024-03-01T08:00:00Z */
const readingAt = (seconds: number, batch = 0): Reading => ({
  batch,
  row: seconds,
  position: { stream: 's', partition: '0', sequenceNumber: seconds, ordinal: 0 },
  measurement: measured(seconds, { q: '1' }),
});
const inputOf = (assignments: readonly Assignment[], more: Partial<DeliveryInput> = {}): DeliveryInput => ({
  deviceId: 'watch-1',
  type: 'x',
  batches: [inlineBatch([1]), inlineBatch([2])],
  identities: [{ ids: {}, answer: { ok: true, assignments, coversFrom: '2024-01-01T00:00:00Z' } }],
  ...more,
});

describe('readings of nobody', () => {
  const assignments: Assignment[] = [
    { refused: 'DEVICE_HISTORY_MISSING' },
    { refused: 'DEVICE_WITHOUT_PATIENT', from: '2024-03-01T08:00:10Z' },
    { device: 'd', patient: 'p', from: '2024-03-01T08:00:20Z' },
    { refused: 'DEVICE_WITHOUT_PATIENT', from: '2024-03-01T08:00:30Z' },
  ];

  test('wait apart by why and since when, so that none is assigned with another’s', () => {
    const groups = groupReadings(
      inputOf(assignments),
      TEMPLATE,
      [0, 1, 11, 21, 31].map((at) => readingAt(at)),
    );
    const told = groups.map(({ identity, readings }) => [
      identity instanceof IngestError ? identity.code : identity.patient,
      readings.map(({ row }) => row),
    ]);
    expect(told).toEqual([
      ['DEVICE_HISTORY_MISSING', [0, 1]],
      ['DEVICE_WITHOUT_PATIENT', [11]],
      ['p', [21]],
      ['DEVICE_WITHOUT_PATIENT', [31]],
    ]);
    expect(new Set(groups.map(({ ownerKey }) => ownerKey)).size).toBe(4);
  });
});

test('an operator’s word holds for the batches that carry it, whatever FHIR says', () => {
  const to = { device: 'd', patient: 'assigned' };
  const [plain, decided] = [inlineBatch([1]), inlineBatch([2])];
  const mark = { requestId: 'r', waitedFor: 'DEVICE_WITHOUT_PATIENT' } as const;
  const input = inputOf([{ device: 'd', patient: 'p' }], {
    batches: [plain, { ...decided, decision: mark }],
    decisions: [{ kind: 'assign', requestId: 'r', by: 'ada', why: 'why', to }],
  });
  const groups = groupReadings(input, TEMPLATE, [readingAt(0, 0), readingAt(1, 1)]);
  expect(groups.map(({ identity, readings }) => [identity, readings.map(({ batch }) => batch)])).toEqual([
    [{ device: 'd', patient: 'p' }, [0]],
    [to, [1]],
  ]);
});
