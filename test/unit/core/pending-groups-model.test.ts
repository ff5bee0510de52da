import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DeliveryOutcome, KeptRows, OutcomeCounts, WaitingOutcome } from '../../../core/delivery.ts';
import { NO_OUTCOMES, rangesOf } from '../../../core/delivery.ts';
import type { IngestErrorCode } from '../../../core/errors.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { filterRows, isClaimed, rowCount } from '../../../core/measurement-rows.ts';
import type { Delivery } from '../../../core/pending-groups.ts';
import type { PendingSettings, PendingState } from '../../../core/pending-state.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { sumsAgree } from '../../../core/pending-state.ts';
import type { PositionInPartition } from '../../../core/position.ts';
import { ClaimBox, namesOf, rowsAt, STREAM } from '../../support/measurement-batches.ts';

const ID = 'iomt.device-1.heartRate';
const SETTINGS: PendingSettings = {
  windowMs: 1000,
  maxRows: 10,
  maxBytes: 2000,
  maxDeliveryRows: 8,
  maxDeliveryBytes: 1_000_000,
  maxInlineBytes: 400,
  maxCarriedBytes: 1_000_000,
  retry: { fastInitialMs: 100, fastAttempts: 2, slowInitialMs: 1000, slowMaximumMs: 60_000 },
};
const SOURCES = [
  { stream: STREAM, partition: '0' },
  { stream: STREAM, partition: '1' },
  { stream: 'replay/letter/1', partition: '0' },
] as const;
const CODES = ['FHIR_UNAVAILABLE', 'OBSERVATION_DELETED', 'DEVICE_NOT_FOUND'] as const satisfies IngestErrorCode[];
const DECIDED = ['written', 'superseded', 'withoutValue', 'deadLettered'] as const;

type Step =
  | { readonly kind: 'arrive'; source: number; again: number; fresh: number; isClaim: boolean }
  | { readonly kind: 'pass'; ms: number }
  | { readonly kind: 'record'; fates: readonly number[] }
  | { readonly kind: 'take' | 'flush' | 'retryAll' | 'undecided' | 'putBack' | 'continueAsNew' | 'setAside' }
  /** An operator decides of every group, perhaps while some of them are put aside. */
  | { readonly kind: 'decide' | 'decideMeanwhile' };

const stepArb: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      source: fc.nat(SOURCES.length - 1),
      again: fc.nat(8),
      fresh: fc.nat(8),
      isClaim: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      fates: fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'flush',
        'retryAll',
        'undecided',
        'putBack',
        'continueAsNew',
        'setAside',
        'decide',
        'decideMeanwhile',
      ),
    }),
  },
);

/** A workflow, what is sent to it, and what is done with its deliveries; checks after every step. */
class Model {
  readonly #box = new ClaimBox();
  /** By name: the last request that concerned it. */
  readonly #decisions = new Map<string, string>();
  #requestCount = 0;
  readonly #sent = new Set<string>();
  readonly #decided = new Set<string>();
  readonly #through = new Map<number, number>();
  #sentCount = 0;
  #now = 1_700_000_000_000;
  #pending = new PendingGroups(SETTINGS, ID);
  #delivery: Delivery | undefined;

  run(step: Step): void {
    switch (step.kind) {
      case 'arrive':
        this.#arrive(step);
        break;
      case 'pass':
        this.#now += step.ms;
        break;
      case 'take':
        if (this.#delivery === undefined) this.#take();
        break;
      case 'record':
        if (this.#delivery !== undefined) this.#record(this.#delivery, step.fates);
        break;
      case 'flush':
        this.#pending.flush(this.#now);
        break;
      case 'retryAll':
        this.#pending.retryAll(this.#now);
        break;
      case 'undecided':
        if (this.#delivery !== undefined)
          this.#pending.recordUndecided({ code: 'FHIR_TIMEOUT', message: 'why' }, this.#now);
        this.#delivery = undefined;
        break;
      case 'putBack':
        this.#pending.putBack(this.#now);
        this.#delivery = undefined;
        break;
      case 'continueAsNew':
        if (this.#delivery === undefined) this.#continueAsNew();
        break;
      case 'setAside':
        this.#setAside();
        break;
      case 'decide':
        this.#decide();
        break;
      case 'decideMeanwhile':
        this.#setAside(() => {
          this.#decide();
        });
    }
    this.#check();
  }

  /** Everything is mended: all that is held must be decided within few deliveries. */
  drain(): void {
    if (this.#delivery !== undefined) this.run({ kind: 'record', fates: [0] });
    for (let round = 0; this.#pending.hasWork(); round++) {
      expect(round).toBeLessThan(500);
      this.run({ kind: 'flush' });
      this.run({ kind: 'retryAll' });
      this.run({ kind: 'take' });
      this.run({ kind: 'record', fates: [0] });
    }
    const { received, duplicates } = this.#pending.counts();
    expect(this.#decided).toEqual(this.#sent);
    expect(received).toBe(this.#sent.size);
    expect(duplicates).toBe(this.#sentCount - this.#sent.size);
  }

  /** Sends from somewhere at or below what was sent before, without a gap: any cut a redelivery can have. */
  #arrive({ source, again, fresh, isClaim }: Step & { kind: 'arrive' }): void {
    const through = this.#through.get(source) ?? 0;
    const from = Math.max(0, through - again);
    const to = Math.max(through + fresh, from + 1);
    const positions = Array.from({ length: to - from }, (_, i): PositionInPartition => {
      return [Math.floor((from + i) / 3), (from + i) % 3];
    });
    const rows = rowsAt(positions);
    const batch = { ...SOURCES[source]!, content: isClaim ? this.#box.put(rows) : rows };
    this.#through.set(source, Math.max(through, to));
    this.#sentCount += positions.length;
    for (const name of namesOf(batch, rows)) this.#sent.add(name);
    this.#pending.append(batch, this.#now);
  }

  #take(): void {
    const delivery = this.#pending.take(this.#now);
    for (const name of this.#names(delivery.batches)) expect(this.#decided).not.toContain(name);
    this.#delivery = delivery;
  }

  /** What the delivering activity does: each row has its fate, and what waits is named as that activity names it. */
  #record({ batches }: Delivery, fates: readonly number[]): void {
    const counts = { ...NO_OUTCOMES } as { -readonly [Name in keyof OutcomeCounts]: number };
    const waiting = new Map<string, { batch: number; row: number }[]>();
    let n = 0;
    batches.forEach((of, batch) => {
      const rows = this.#box.open(of);
      namesOf(of, rows).forEach((name, row) => {
        const fate = fates[n++ % fates.length]!;
        const decided = DECIDED[fate];
        if (decided === undefined) {
          const key = `group ${fate - DECIDED.length}`;
          waiting.set(key, [...(waiting.get(key) ?? []), { batch, row }]);
        } else {
          counts[decided] += 1;
          this.#decided.add(name);
        }
      });
    });
    const outcome: DeliveryOutcome = {
      counts,
      observations: { created: 0, updated: 0, unchanged: 0 },
      waiting: [...waiting].map(([key, rows], i): WaitingOutcome => {
        return { key, code: CODES[i % CODES.length]!, message: 'why', rows: this.#kept(batches, rows) };
      }),
      claimCounts: batches.flatMap((of, batch) => {
        return of.after === undefined ? [] : [{ batch, count: this.#box.open(of).rows.length }];
      }),
    };
    this.#pending.record(outcome, this.#now);
    this.#delivery = undefined;
  }

  #kept(batches: readonly MeasurementBatch[], rows: readonly { batch: number; row: number }[]): KeptRows[] {
    return [...new Set(rows.map(({ batch }) => batch))].map((batch): KeptRows => {
      const { after, content, ...of } = batches[batch]!;
      const indexes = rows.filter((each) => each.batch === batch).map(({ row }) => row);
      const open = this.#box.open(batches[batch]!);
      if (indexes.length === open.rows.length && after === undefined) return { batch };
      if (!isClaimed(content)) return { batch, rows: rangesOf(indexes) };
      const claim = this.#box.put(filterRows(open, (_, index) => indexes.includes(index)));
      return { batch, claimed: { ...of, content: claim } };
    });
  }

  #continueAsNew(): void {
    const carried = JSON.parse(JSON.stringify(this.#pending.carryOver(this.#now))) as PendingState;
    this.#pending = new PendingGroups(SETTINGS, ID, carried);
  }

  #decide(): void {
    const requestId = `request ${++this.#requestCount}`;
    for (const name of this.#names(this.#pending.groups().flatMap(({ batches }) => batches)))
      this.#decisions.set(name, requestId);
    this.#pending.decide(this.#pending.groups(), { kind: 'deadLetter', requestId, by: 'b', why: 'w' }, this.#now);
  }

  #setAside(meanwhile?: () => void): void {
    for (const next of [() => this.#pending.tooLarge(), () => this.#pending.tooLargeToCarry()]) {
      for (let part = next(); part !== undefined; part = next()) {
        const stored = part.batches.map((batch) => ({ ...batch, content: this.#box.put(this.#box.open(batch)) }));
        meanwhile?.();
        this.#pending.setAside(part, stored);
      }
    }
  }

  /** Everything sent is in exactly one place, and the sums say so. */
  #check(): void {
    const { buffer, waiting } = this.#pending.carryOver(this.#now);
    const batches = [...buffer, ...waiting.flatMap((group) => group.batches), ...(this.#delivery?.batches ?? [])];
    const held = this.#names(batches);
    expect(new Set(held).size).toBe(held.length);
    expect(held.filter((name) => this.#decided.has(name))).toEqual([]);
    expect(new Set([...held, ...this.#decided])).toEqual(this.#sent);
    for (const batch of batches) {
      for (const name of this.#names([batch])) expect([name, batch.decision?.requestId]).toEqual([name, this.#decisions.get(name)]); // prettier-ignore
    }
    const counts = this.#pending.counts();
    expect(sumsAgree(counts)).toBe(true);
    expect(counts.received + counts.duplicates).toBe(this.#sentCount);
    // A claim taken in partly counts in full until its delivery has counted it.
    const excess = batches.reduce((sum, batch) => sum + rowCount(batch) - this.#box.open(batch).rows.length, 0);
    expect(counts.received - excess).toBe(this.#sent.size);
  }

  #names(batches: readonly MeasurementBatch[]): string[] {
    return batches.flatMap((batch) => namesOf(batch, this.#box.open(batch)));
  }
}

test('whatever arrives, fails, waits or is cut, every measurement is in exactly one place and decided once', () => {
  fc.assert(
    fc.property(fc.array(stepArb, { minLength: 5, maxLength: 60 }), (steps) => {
      const model = new Model();
      for (const step of steps) model.run(step);
      model.drain();
    }),
    { numRuns: 300 },
  );
});
