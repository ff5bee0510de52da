import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rangesOf } from '../../../core/delivery.ts';
import { deadLetterId } from '../../../core/dead-letter.ts';
import type { Measurement, MessageIds } from '../../../core/measurement.ts';
import {
  compareInstantTexts,
  decodeRow,
  describeRows,
  encodeRows,
  filterRows,
  rowsAbove,
  withoutUnused,
} from '../../../core/measurement-rows.ts';
import { formatTicks, formatTicksFixed, msToTicks, parseTicks, ticksOf, ticksToMs } from '../../../core/ticks.ts';

const DEVICE = { deviceId: 'device-1', type: 'heartRate' };
const few = fc.constantFrom('a', 'b', '', 'ü');
const optional = (name: keyof MessageIds) =>
  fc.option(few, { nil: undefined }).map((id) => (id === undefined ? {} : { [name]: id }));
const measurementArb = fc
  .tuple(optional('patientId'), optional('encounterId'), optional('correlationId'), fc.uniqueArray(few), fc.nat(9999))
  .map(([patient, encounter, correlation, names, n]): Measurement => ({
    ...DEVICE,
    ...patient,
    ...encounter,
    ...correlation,
    occurrenceTimeUtc: formatTicks(BigInt(n) * 1_234_567n),
    ingestionTimeUtc: '2024-01-01T00:00:00Z',
    properties: names.map((name) => ({ name, value: `${n}` })),
  }));
const listArb = fc
  .array(measurementArb, { minLength: 1, maxLength: 20 })
  .map((list) => list.map((measurement, i) => ({ sequenceNumber: i >> 1, ordinal: i % 2, measurement })));

describe('rows', () => {
  test('hold what measurements hold', () => {
    fc.assert(
      fc.property(listArb, (list) => {
        const rows = JSON.parse(JSON.stringify(encodeRows(list))) as ReturnType<typeof encodeRows>;
        expect(rows.rows.map((row) => decodeRow(rows, row, DEVICE))).toEqual(
          list.map(({ measurement }) => measurement),
        );
        expect(new Set(rows.ids.map((ids) => JSON.stringify(ids))).size).toBe(rows.ids.length);
      }),
    );
  });

  test('that were chosen need only the ids and names they use', () => {
    fc.assert(
      fc.property(listArb, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (list, keep) => {
        const chosen = filterRows(encodeRows(list), (_, index) => keep[index] === true);
        const compact = withoutUnused(chosen);
        const decode = (rows: typeof chosen) => rows.rows.map((row) => decodeRow(rows, row, DEVICE));
        expect(decode(compact)).toEqual(decode(chosen));
        expect(compact.ids).toHaveLength(new Set(compact.rows.map((row) => row[4])).size);
        expect(compact.names).toHaveLength(new Set(compact.rows.map((row) => row[5])).size);
      }),
    );
  });

  test('above a mark are those after it, by number and ordinal', () => {
    const rows = encodeRows([...listOf(6)]);
    expect(rowsAbove(rows, undefined)).toBe(rows);
    expect(rowsAbove(rows, [1, 0]).rows.map(([n, ordinal]) => [n, ordinal])).toEqual([[1, 1], [2, 0], [2, 1]]); // prettier-ignore
    expect(rowsAbove(rows, [2, 1]).rows).toEqual([]);
  });

  test.each([
    ['its ids', [0, 0, '', '', 1, 0]],
    ['its names', [0, 0, '', '', 0, 1]],
    ['as many values as names', [0, 0, '', '', 0, 0, 'a', 'b']],
  ] as const)('a row without %s is refused', (_, row) => {
    expect(() => decodeRow({ ids: [{}], names: [['a']], rows: [] }, row, DEVICE)).toThrow(RangeError);
  });
});

function listOf(count: number) {
  const measurement = { ...DEVICE, occurrenceTimeUtc: '', ingestionTimeUtc: '', properties: [] };
  return Array.from({ length: count }, (_, i) => ({ sequenceNumber: i >> 1, ordinal: i % 2, measurement }));
}

describe('what a claim says of its rows', () => {
  const at = (occurrenceTimeUtc: string, ids: object, i: number) => {
    return {
      sequenceNumber: i,
      ordinal: 0,
      measurement: { ...DEVICE, ...ids, occurrenceTimeUtc, ingestionTimeUtc: '', properties: [] },
    };
  };

  test('first and last position, earliest and latest time, and each patient and encounter once', () => {
    const rows = encodeRows([
      at('2024-01-01T00:00:01.5Z', { patientId: 'p', correlationId: 'c1' }, 3),
      at('2024-01-01T00:00:02Z', {}, 5),
      at('2024-01-01T00:00:01Z', { patientId: 'p', correlationId: 'c2' }, 9),
    ]);
    expect(describeRows(rows)).toEqual({
      count: 3,
      first: [3, 0],
      last: [9, 0],
      from: '2024-01-01T00:00:01Z',
      to: '2024-01-01T00:00:02Z',
      ids: [{ patientId: 'p' }, {}],
    });
  });

  test('there is none of no rows', () => {
    expect(() => describeRows({ ids: [], names: [], rows: [] })).toThrow(RangeError);
  });
});

test('instants of any precision are ordered by time', () => {
  const ticks = fc.bigInt({ min: 0n, max: 2_000_000_000_000n }).map((n) => n * 137n);
  fc.assert(
    fc.property(ticks, ticks, (a, b) => {
      expect(Math.sign(compareInstantTexts(formatTicks(a), formatTicks(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
  expect(compareInstantTexts('2024-01-01T00:00:01Z', '2024-01-01T00:00:01.5Z')).toBeLessThan(0);
});

describe('ticks', () => {
  test('are written and read to 100 ns', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 18n }), (ticks) => {
        expect(parseTicks(formatTicks(ticks))).toBe(ticks);
        expect(parseTicks(formatTicksFixed(ticks))).toBe(ticks);
        expect(msToTicks(ticksToMs(ticks)) <= ticks).toBe(true);
      }),
    );
  });

  test.each([
    '',
    '2024-04-31T00:00:00Z',
    '2024-01-01',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00.12345678Z',
    '2024-01-01T24:00:00Z',
  ])('%j is no instant', (text) => {
    expect(parseTicks(text)).toBeUndefined();
    expect(() => ticksOf(text)).toThrow(RangeError);
  });
});

test.each([
  { indexes: [], ranges: [] },
  { indexes: [0], ranges: [[0, 1]] },
  { indexes: [1, 2, 3, 7], ranges: [[1, 4], [7, 8]] }, // prettier-ignore
])('$indexes are the ranges $ranges', ({ indexes, ranges }) => {
  expect(rangesOf(indexes)).toEqual(ranges);
});

test('a dead letter is named by stage and position: the same on every attempt, another for each', () => {
  const position = { stream: 'stream', partition: '0', sequenceNumber: 1 };
  const ids = [
    deadLetterId('normalize', position),
    deadLetterId('transform', position),
    deadLetterId('normalize', { ...position, ordinal: 0 }),
    deadLetterId('normalize', { ...position, partition: '1' }),
    deadLetterId('normalize', { ...position, sequenceNumber: 2 }),
    deadLetterId('normalize', { ...position, stream: 'replay/a/1' }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(deadLetterId('normalize', { ...position })).toBe(ids[0]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});
