import { describe, expect, test } from '@jest/globals';
import type { IdentityResolved } from '../../../core/identity.ts';
import { assignmentAt, identityKey } from '../../../core/identity.ts';
import { ticksOf } from '../../../core/ticks.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { Identities, questionsOf } from '../../../workflows/identities.ts';

const NOW = 1_700_000_000_000;
const MAX_AGE_MS = 300_000;
const question = (from = '2024-01-01T00:00:00Z', patientId?: string) => ({
  ids: patientId === undefined ? {} : { patientId },
  from,
  to: '2024-01-02T00:00:00Z',
});
const answer = (patient = 'p'): IdentityResolved => ({
  ok: true,
  assignments: [{ device: 'd', patient }],
  coversFrom: '2024-01-01T00:00:00Z',
});

describe('what a workflow has been told of identities', () => {
  test('is believed from the question on for so long, and not longer for being used', () => {
    const identities = new Identities(MAX_AGE_MS);
    expect(identities.answerTo(question(), NOW)).toBeUndefined();
    identities.learn({}, answer(), NOW);
    for (const ms of [0, 100_000, 299_999]) expect(identities.answerTo(question(), NOW + ms)).toEqual(answer());
    expect(identities.answerTo(question(), NOW + MAX_AGE_MS)).toBeUndefined();
  });

  test('answers for the ids that were asked, and for readings it covers', () => {
    const identities = new Identities(MAX_AGE_MS);
    identities.learn({ patientId: 'a' }, answer(), NOW);
    expect(identities.answerTo(question(undefined, 'a'), NOW)).toBeDefined();
    expect(identities.answerTo(question(undefined, 'b'), NOW)).toBeUndefined();
    expect(identities.answerTo(question(), NOW)).toBeUndefined();
    expect(identities.answerTo(question('2023-12-31T23:59:59.9Z', 'a'), NOW)).toBeUndefined();
  });

  test('a refusal is forgotten at once, with what was known before', () => {
    const identities = new Identities(MAX_AGE_MS);
    identities.learn({}, answer(), NOW);
    identities.learn({}, { ok: false, code: 'DEVICE_NOT_FOUND', message: 'why' }, NOW + 1);
    expect(identities.answerTo(question(), NOW + 1)).toBeUndefined();
  });

  test('is carried over while it is fresh, its end unchanged', () => {
    const identities = new Identities(MAX_AGE_MS);
    identities.learn({ patientId: 'a' }, answer(), NOW);
    identities.learn({ patientId: 'b' }, answer(), NOW + 1000);
    const carried = identities.carryOver(NOW + MAX_AGE_MS);
    expect(carried.map(({ ids }) => ids)).toEqual([{ patientId: 'b' }]);
    const next = new Identities(MAX_AGE_MS, carried);
    expect(next.answerTo(question(undefined, 'b'), NOW + MAX_AGE_MS)).toBeDefined();
    expect(next.answerTo(question(undefined, 'b'), NOW + MAX_AGE_MS + 1000)).toBeUndefined();
  });

  test('does not grow without bound: the oldest goes', () => {
    const identities = new Identities(MAX_AGE_MS);
    for (let i = 0; i < 60; i++) identities.learn({ patientId: `p${i}` }, answer(), NOW + i);
    expect(identities.carryOver(NOW + 60)).toHaveLength(50);
    expect(identities.answerTo(question(undefined, 'p9'), NOW + 60)).toBeUndefined();
    expect(identities.answerTo(question(undefined, 'p10'), NOW + 60)).toBeDefined();
  });
});

test('a delivery asks once for each patient and encounter, over the time span of its readings', () => {
  const row = (at: string, ids: number) => [1, 0, at, at, ids, 0] as const;
  const batches: MeasurementBatch[] = [
    {
      stream: 's',
      partition: '0',
      content: {
        ids: [{ correlationId: 'c1' }, { patientId: 'p' }, { correlationId: 'c2' }],
        names: [[]],
        rows: [row('2024-01-01T00:00:02Z', 0), row('2024-01-01T00:00:05Z', 1), row('2024-01-01T00:00:01.5Z', 2)],
      },
    },
    {
      stream: 's',
      partition: '0',
      content: {
        claim: 'c',
        count: 3,
        first: [2, 0],
        last: [4, 0],
        from: '2024-01-01T00:00:01Z',
        to: '2024-01-01T00:00:09Z',
        ids: [{ patientId: 'p' }],
      },
    },
  ];
  expect(questionsOf({ batches, origins: [undefined, undefined] })).toEqual([
    { ids: {}, from: '2024-01-01T00:00:01.5Z', to: '2024-01-01T00:00:02Z' },
    { ids: { patientId: 'p' }, from: '2024-01-01T00:00:01Z', to: '2024-01-01T00:00:09Z' },
  ]);
});

test.each([
  ['2023-01-01T00:00:00Z', 'a'],
  ['2024-01-01T00:00:00Z', 'b'],
  ['2024-01-31T23:59:59.9999999Z', 'b'],
  ['2024-02-01T00:00:00Z', 'c'],
])('a reading of %s belongs to the patient of its time', (at, patient) => {
  const of = (from: string | undefined, id: string) => ({
    device: 'd',
    patient: id,
    ...(from !== undefined && { from }),
  });
  const assignments = [of(undefined, 'a'), of('2024-01-01T00:00:00Z', 'b'), of('2024-02-01T00:00:00.000Z', 'c')];
  const resolved = { ok: true as const, assignments, coversFrom: '2023-01-01T00:00:00Z' };
  expect(assignmentAt(resolved, ticksOf, ticksOf(at))).toMatchObject({ patient });
});

test('an identity without any assignment is a defect', () => {
  expect(() => assignmentAt({ ok: true, assignments: [], coversFrom: '' }, ticksOf, 0n)).toThrow(RangeError);
});

test('keys are equal exactly for equal ids', () => {
  const all = [{}, { patientId: '' }, { patientId: 'a' }, { encounterId: 'a' }, { patientId: 'a', encounterId: 'a' }];
  expect(new Set(all.map(identityKey)).size).toBe(all.length);
});
