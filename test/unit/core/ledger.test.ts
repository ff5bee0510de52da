import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventOutcome } from '../../../core/ledger.ts';
import { advanceLedger, applyVersion, emptyLedger, versionFor } from '../../../core/ledger.ts';

const EMPTY = emptyLedger('stream', '0');
const outcomeAt = (sequenceNumber: number): EventOutcome => ({
  sequenceNumber,
  offset: String(sequenceNumber * 10),
  enqueuedAt: '2024-01-01T00:00:00Z',
  measurementCount: sequenceNumber % 3 === 0 ? 2 : 0,
  kind: (['normalized', 'unmatched', 'dead-lettered'] as const)[sequenceNumber % 3]!,
});

describe('advancing', () => {
  test('counts every event once, by what became of it', () => {
    const ledger = advanceLedger(EMPTY, [0, 1, 2, 3, 4].map(outcomeAt));
    expect(ledger).toMatchObject({ sequenceNumber: 4, offset: '40' });
    expect(ledger.counts).toEqual({ events: 5, measurements: 4, unmatched: 2, deadLettered: 1, missing: 0 });
  });

  test('nothing new leaves the very same ledger', () => {
    const ledger = advanceLedger(EMPTY, [0, 1, 2].map(outcomeAt));
    expect(advanceLedger(ledger, [0, 1, 2].map(outcomeAt))).toBe(ledger);
    expect(advanceLedger(ledger, [])).toBe(ledger);
  });

  test('notes what the hub had dropped before it was read, but not what it had dropped before the first event', () => {
    const ledger = advanceLedger(EMPTY, [7, 8, 12, 13, 20].map(outcomeAt));
    expect(ledger.counts).toMatchObject({ events: 5, missing: 9 });
    expect(ledger.gaps).toEqual([
      [9, 11],
      [14, 19],
    ]);
  });

  test('however a redelivery is cut, the ledger is the same', () => {
    const rangeArb = fc.record({ from: fc.nat(30), length: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(rangeArb, { maxLength: 12 }), (ranges) => {
        let ledger = EMPTY;
        for (const { from, length } of ranges) {
          // A batch begins no later than the first event the ledger has not passed.
          const first = Math.min(from, ledger.sequenceNumber + 1);
          ledger = advanceLedger(
            ledger,
            Array.from({ length }, (_, i) => outcomeAt(first + i)),
          );
        }
        const all = Array.from({ length: ledger.sequenceNumber + 1 }, (_, i) => outcomeAt(i));
        expect(ledger).toEqual(advanceLedger(EMPTY, all));
      }),
    );
  });
});

describe('versions', () => {
  const versions = [
    { fromSequenceNumber: 0, deviceContent: 'a' },
    { fromSequenceNumber: 10, deviceContent: 'b' },
  ];
  const ledger = { ...EMPTY, versions };

  test.each([
    [0, 'a'],
    [9, 'a'],
    [10, 'b'],
    [1000, 'b'],
    [-1, undefined],
  ])('event %d is normalized with %s', (sequenceNumber, version) => {
    expect(versionFor(ledger, sequenceNumber)).toBe(version);
  });

  test('the one in force again changes nothing', () => {
    expect(applyVersion(ledger, { fromSequenceNumber: 20, deviceContent: 'b' })).toBe(ledger);
  });

  test.each([10, 9, 0])('none can apply from %d, where another already does', (fromSequenceNumber) => {
    expect(() => applyVersion(ledger, { fromSequenceNumber, deviceContent: 'c' })).toThrow(RangeError);
  });

  test.each([
    { name: 'are all kept while an event may need them', sequenceNumber: 8, kept: ['a', 'b', 'c'] },
    { name: 'go once the next event needs a later one', sequenceNumber: 9, kept: ['b', 'c'] },
    { name: 'go one by one', sequenceNumber: 15, kept: ['b', 'c'] },
  ])('$name', ({ sequenceNumber, kept }) => {
    const next = applyVersion({ ...ledger, sequenceNumber }, { fromSequenceNumber: 20, deviceContent: 'c' });
    expect(next.versions.map(({ deviceContent }) => deviceContent)).toEqual(kept);
    expect(versionFor(next, sequenceNumber + 1)).toBe(versionFor(ledger, sequenceNumber + 1));
  });
});
