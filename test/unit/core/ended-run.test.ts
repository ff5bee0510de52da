import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fitsSuccessor } from '../../../core/ended-run.ts';
import type { EndedRun } from '../../../core/ended-run.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { isClaimed } from '../../../core/measurement-rows.ts';
import type { PendingSettings } from '../../../core/pending-state.ts';
import { sumsAgree } from '../../../core/pending-state.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { markKey, receivedThrough } from '../../../core/position.ts';
import { inlineBatch } from '../../support/measurement-batches.ts';

const NOW = 1_700_000_000_000;
const ID = 'iomt.device-1.heartRate';
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

const numbersOf = (batches: readonly MeasurementBatch[]): number[] =>
  batches.flatMap(({ content }) => (isClaimed(content) ? [] : content.rows.map(([number]) => number)));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A life of the workflow, all that was ever sent to it, and what it has written. */
class Life {
  readonly runId: string;
  readonly pending = new PendingGroups(SETTINGS, ID);
  readonly came = new Set<number>();
  readonly written = new Set<number>();

  constructor(runId: string) {
    this.runId = runId;
  }

  take(numbers: readonly number[]): this {
    const through = this.pending.marks()[0]?.through[0] ?? -1;
    if (numbers.length > 0) this.pending.append(inlineBatch(numbers), NOW);
    for (const number of numbers) if (number > through) this.came.add(number);
    return this;
  }

  write(): this {
    this.pending.flush(NOW);
    const { batches } = this.pending.take(NOW);
    for (const number of numbersOf(batches)) this.written.add(number);
    const written = numbersOf(batches).length;
    const counts = { written, superseded: 0, withoutValue: 0, deadLettered: 0, collidedSamples: 0 };
    this.pending.record(
      { counts, observations: { created: 0, updated: 0, unchanged: 0 }, waiting: [], claimCounts: [] },
      NOW,
    );
    return this;
  }

  /** As the command puts it together, beside the lives that are counted already. */
  ended(successor: Life | undefined, counted: readonly Life[]): EndedRun {
    const others = new Set(counted.flatMap(({ came }) => [...came]));
    const takenTwice = [...this.came].filter((number) => others.has(number)).length;
    const marks = this.pending.book().marks.map((mark) => {
      return takenTwice === 0 ? mark : { ...mark, takenTwiceCount: (mark.takenTwiceCount ?? 0) + takenTwice };
    });
    const through = (successor?.pending.marks() ?? []).map((mark) => [markKey(mark), mark.through] as const);
    return {
      runId: this.runId,
      book: { ...this.pending.book(), marks },
      held: this.pending.held(),
      successorThrough: Object.fromEntries(through),
    };
  }
}

describe('taking over an ended run', () => {
  test('brings back what it held, with its sums; taken over twice is taken over once', () => {
    const old = new Life('run-1').take(range(1, 5)).write().take([6, 7, 8]);
    const successor = new PendingGroups(SETTINGS, ID);
    const parts = old.ended(undefined, []);
    expect(successor.takeOver(parts, NOW)).toBe(true);
    expect(successor.takeOver(parts, NOW)).toBe(false);
    expect(successor.counts()).toMatchObject({ received: 8, buffered: 3, outcomes: { written: 5 } });
    expect(numbersOf(successor.held())).toEqual([6, 7, 8]);
    expect(successor.windowEndsAt()).toBeGreaterThan(NOW);
  });

  test('has seen what the ended run had seen: an event that comes again is left out', () => {
    const successor = new Life('run-2');
    successor.pending.takeOver(new Life('run-1').take(range(1, 8)).ended(undefined, []), NOW);
    successor.take([7, 8, 9]);
    expect(numbersOf(successor.pending.held())).toEqual([...range(1, 8), 9]);
    expect(successor.pending.counts()).toMatchObject({ received: 9, duplicates: 2 });
  });

  test('knows what whoever it takes over has taken over', () => {
    const first = new Life('run-1').take(range(1, 8));
    const second = new Life('run-2');
    second.pending.takeOver(first.ended(undefined, []), NOW);
    const third = new Life('run-3');
    third.pending.takeOver(second.ended(undefined, []), NOW);
    expect(third.pending.takeOver(first.ended(undefined, []), NOW)).toBe(false);
    expect(third.pending.counts().received).toBe(8);
  });

  test.each([
    { name: 'fits when nothing has come', then: [], now: [], fits: true },
    { name: 'fits when only later measurements have come', then: [], now: [[9, 10]], fits: true },
    { name: 'does not when one of its own has come since', then: [], now: [[8, 9]], fits: false },
    { name: 'does not when another of its own has come since', then: [[6, 7]], now: [[6, 7], [8]], fits: false },
    { name: 'fits when those were seen', then: [[6, 7]], now: [[6, 7]], fits: true },
    { name: 'fits when all of its own had come before', then: [[6, 7, 8]], now: [[6, 7, 8], [9]], fits: true },
  ])('$name', ({ then, now, fits }) => {
    const old = new Life('run-1').take(range(1, 8));
    const lifeOf = (batches: readonly (readonly number[])[]): Life =>
      batches.reduce((life, batch) => life.take(batch), new Life('run-2'));
    expect(fitsSuccessor(old.ended(lifeOf(then), []), lifeOf(now).pending.marks())).toBe(fits);
  });

  test('whatever came to which run, and in whatever order they are recovered: nothing is lost, and sums are exact', () => {
    const lifeArb = fc.record({
      // Redelivery may begin anywhere, a stalled bridge may send old events, and what is in between may never come again.
      batches: fc.array(fc.record({ from: fc.integer({ min: 1, max: 30 }), length: fc.nat(8) }), { maxLength: 5 }),
      writesAfter: fc.nat(5),
    });
    const arb = fc.record({
      lives: fc.array(lifeArb, { minLength: 1, maxLength: 4 }),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(arb, ({ lives, order }) => {
        const made = lives.map(({ batches, writesAfter }, index) => {
          const life = new Life(`run-${index}`);
          batches.forEach(({ from, length }, i) => {
            life.take(range(from, from + length));
            if (i === writesAfter) life.write();
          });
          return life;
        });
        const successor = made.at(-1)!;
        const counted = [successor];
        const waiting = made.slice(0, -1);
        while (waiting.length > 0) {
          const next = order.next().value as number;
          const [life] = waiting.splice(next % waiting.length, 1);
          const parts = life!.ended(successor, counted);
          expect(fitsSuccessor(parts, successor.pending.marks())).toBe(true);
          successor.pending.takeOver(parts, NOW);
          counted.push(life!);
        }
        const came = new Set(made.flatMap((life) => [...life.came]));
        const written = new Set(made.flatMap((life) => [...life.written]));
        const held = new Set(numbersOf(successor.pending.held()));
        expect([...came].filter((number) => !written.has(number) && !held.has(number))).toEqual([]);
        expect(sumsAgree(successor.pending.counts())).toBe(true);
        const [mark] = successor.pending.marks();
        if (mark !== undefined) expect(receivedThrough(mark, 100)).toBe(came.size);
      }),
      { numRuns: 500 },
    );
  });
});
