import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mark } from '../../../core/position.ts';
import { correctedMark, raisedMark, receivedThrough } from '../../../core/position.ts';

const OF = { stream: 's', partition: '0' };

/** A mark after batches that end at these events, each with so many measurements. */
function markAfter(batches: readonly (readonly [sequenceNumber: number, count: number])[]): Mark | undefined {
  return batches.reduce<Mark | undefined>(
    (mark, [sequenceNumber, count]) =>
      raisedMark(mark, OF, { first: [sequenceNumber, 0], last: [sequenceNumber, count - 1], count, now: 0 }),
    undefined,
  );
}

test('a mark tells how many had come as of each of its last batches', () => {
  const mark = markAfter([
    [3, 2],
    [5, 1],
    [9, 4],
  ])!;
  expect(mark).toMatchObject({ from: [3, 0], through: [9, 3], receivedCount: 7 });
  expect([2, 3, 4, 5, 8, 9, 100].map((at) => receivedThrough(mark, at))).toEqual([0, 2, 2, 3, 3, 7, 7]);
});

test('what lies further back than it remembers is not known, and not guessed', () => {
  const mark = markAfter(Array.from({ length: 100 }, (_, i) => [i, 1] as const))!;
  expect(receivedThrough(mark, 10)).toBeUndefined();
  expect(receivedThrough(mark, 98)).toBe(99);
  expect(JSON.stringify(mark).length).toBeLessThan(1000);
});

test('a batch that held less than it said is corrected from its end on', () => {
  const mark = correctedMark(
    markAfter([
      [3, 2],
      [5, 10],
      [9, 4],
    ])!,
    [5, 9],
    6,
  );
  expect([3, 5, 9].map((at) => receivedThrough(mark, at))).toEqual([2, 6, 10]);
});

test('however batches are cut, the count as of an end of a batch is the number of measurements up to it', () => {
  const batchArb = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(fc.array(batchArb, { minLength: 1, maxLength: 30 }), (steps) => {
      let at = 0;
      const batches = steps.map(([step, count]) => [(at += step), count] as const);
      const mark = markAfter(batches)!;
      let sum = 0;
      for (const [sequenceNumber, count] of batches) {
        sum += count;
        expect(receivedThrough(mark, sequenceNumber)).toBe(sum);
      }
    }),
  );
});
