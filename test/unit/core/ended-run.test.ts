import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cameAgain, fitsSuccessor, withoutWhatCameAgain } from '../../../core/ended-run.ts';
import type { EndedRun } from '../../../core/ended-run.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { isClaimed } from '../../../core/measurement-rows.ts';
import type { PendingSettings } from '../../../core/pending-state.ts';
import { NOTHING_PENDING, sumsAgree } from '../../../core/pending-state.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { markKey, receivedThrough } from '../../../core/position.ts';
import { inlineBatch, STREAM } from '../../support/measurement-batches.ts';

const NOW = 1_700_000_000_000;
const ID = 'iomt.device-1.heartRate';
const KEY = `${STREAM}|0`;
const SETTINGS: PendingSettings = {
  windowMs: 60_000,
  maxRows: 10_000,
  maxBytes: 1_000_000,
  maxDeliveryRows: 10_000,
  maxDeliveryBytes: 1_000_000,
  maxInlineBytes: 1_000_000,
  maxCarriedBytes: 1_000_000,
  retry: { fastInitialMs: 1000, fastAttempts: 2, slowInitialMs: 60_000, slowMaximumMs: 3_600_000 },
};

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const numbersOf = (batches: readonly MeasurementBatch[]): number[] =>
  batches.flatMap(({ content }) => (isClaimed(content) ? [] : content.rows.map(([number]) => number)));

/** A run that took in events of one measurement, in batches that end here, and wrote those up to `writtenTo`. */
function run(from: number, ends: readonly number[], writtenTo: number): PendingGroups {
  const pending = new PendingGroups(SETTINGS, ID);
  let next = from;
  for (const end of ends) {
    if (end >= next) pending.append(inlineBatch(upTo(next, end)), NOW);
    next = Math.max(next, end + 1);
    if (end !== writtenTo) continue;
    pending.flush(NOW);
    const { batches } = pending.take(NOW);
    const written = numbersOf(batches).length;
    const counts = { written, superseded: 0, withoutValue: 0, deadLettered: 0 };
    pending.record(
      { counts, observations: { created: 0, updated: 0, unchanged: 0 }, waiting: [], claimCounts: [] },
      NOW,
    );
  }
  return pending;
}

/** As an operator's command puts an ended run together. */
function ended(runId: string, pending: PendingGroups, successor: PendingGroups | undefined): EndedRun {
  const marks = successor?.marks() ?? [];
  const successorFrom = Object.fromEntries(marks.map((mark) => [markKey(mark), mark.from]));
  const [mark] = pending.book().marks;
  const from = successorFrom[KEY];
  if (mark === undefined || !cameAgain(mark, from)) {
    return { runId, book: pending.book(), held: pending.held(), successorFrom };
  }
  const opened = pending.held().map((batch) => ({ batch, rows: isClaimed(batch.content) ? undefined : batch.content }));
  const taken = Math.max(0, mark.through[0] - Math.max(from[0], mark.from[0]) + 1);
  const left = withoutWhatCameAgain(mark, from, opened, taken);
  return { runId, book: { ...pending.book(), marks: [left.mark] }, held: left.held, successorFrom };
}

describe('taking over an ended run', () => {
  test('brings back what it held, with its sums; taken over twice is taken over once', () => {
    const old = run(1, [5, 8], 5);
    const successor = new PendingGroups(SETTINGS, ID);
    const parts = ended('run-1', old, undefined);
    expect(successor.takeOver(parts, NOW)).toBe(true);
    expect(successor.takeOver(parts, NOW)).toBe(false);
    expect(successor.counts()).toMatchObject({ received: 8, buffered: 3, outcomes: { written: 5 } });
    expect(numbersOf(successor.held())).toEqual([6, 7, 8]);
    expect(successor.windowEndsAt()).toBeGreaterThan(NOW);
  });

  test('has seen what the ended run had seen: an event that comes again is left out', () => {
    const successor = new PendingGroups(SETTINGS, ID);
    successor.takeOver(ended('run-1', run(1, [8], 8), undefined), NOW);
    successor.append(inlineBatch([7, 8, 9]), NOW);
    expect(numbersOf(successor.held())).toEqual([9]);
    expect(successor.counts()).toMatchObject({ received: 9, duplicates: 2 });
  });

  test('is refused when measurements have arrived since it was put together', () => {
    const parts = ended('run-1', run(1, [8], 8), undefined);
    expect(fitsSuccessor(parts, [])).toBe(true);
    expect(fitsSuccessor(parts, run(7, [9], 0).marks())).toBe(false);
    expect(fitsSuccessor(ended('run-1', run(1, [8], 8), run(7, [9], 0)), run(7, [12], 0).marks())).toBe(true);
  });

  test('one that has been taken over is known to whoever takes over its successor', () => {
    const second = new PendingGroups(SETTINGS, ID);
    second.takeOver(ended('run-1', run(1, [8], 0), undefined), NOW);
    const third = new PendingGroups(SETTINGS, ID, { ...NOTHING_PENDING });
    third.takeOver(ended('run-2', second, undefined), NOW);
    expect(third.takeOver(ended('run-1', run(1, [8], 0), undefined), NOW)).toBe(false);
    expect(third.counts().received).toBe(8);
  });

  test('wherever the runs are cut, and whatever came again, each measurement is counted once', () => {
    const arb = fc.record({
      ends: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      written: fc.nat(6),
      again: fc.nat(12),
      more: fc.integer({ min: 1, max: 10 }),
      successorWrites: fc.boolean(),
    });
    fc.assert(
      fc.property(arb, ({ ends, written, again, more, successorWrites }) => {
        const sorted = ends.toSorted((a, b) => a - b);
        const last = sorted.at(-1)!;
        const old = run(1, sorted, sorted[written] ?? 0);
        const begin = Math.max(1, last + 1 - again);
        const total = last + more;
        const successor = run(begin, [last, total], successorWrites ? last : 0);
        const own = numbersOf(successor.held());
        const heldBefore = numbersOf(old.held());
        successor.takeOver(ended('run-1', old, successor), NOW);

        expect(sumsAgree(successor.counts())).toBe(true);
        const [mark] = successor.marks();
        expect(mark!.from).toEqual([1, 0]);
        for (const at of [last, total]) {
          const counted = receivedThrough(mark!, at);
          if (counted !== undefined) expect(counted - (mark!.takenTwiceCount ?? 0)).toBe(at);
        }
        const held = numbersOf(successor.held()).toSorted((a, b) => a - b);
        const expected = [...own, ...heldBefore.filter((number) => number < begin)].toSorted((a, b) => a - b);
        expect(held).toEqual(expected);
      }),
    );
  });
});
