import { describe, expect, test } from '@jest/globals';
import type { DeliveryOutcome, WaitingOutcome } from '../../../core/delivery.ts';
import { NO_OUTCOMES } from '../../../core/delivery.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { joinNeighbours } from '../../../core/batch-parts.ts';
import { isClaimed } from '../../../core/measurement-rows.ts';
import { isOfOneOwner } from '../../../core/operator-request.ts';
import { replayStream } from '../../../core/replay.ts';
import type { PendingSettings } from '../../../core/pending-state.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { sumsAgree } from '../../../core/pending-state.ts';
import { windowClosesAt } from '../../../core/window.ts';
import { hashFraction } from '../../../core/backoff.ts';
import { ClaimBox, inlineBatch, rowsAt, STREAM } from '../../support/measurement-batches.ts';

const ID = 'iomt.device-1.heartRate';
const NOW = 1_700_000_000_000;
const WINDOW_MS = 60_000;
const DAY_MS = 86_400_000;
const SETTINGS: PendingSettings = {
  windowMs: WINDOW_MS,
  maxRows: 100,
  maxBytes: 100_000,
  maxDeliveryRows: 1000,
  maxDeliveryBytes: 1_000_000,
  maxInlineBytes: 100_000,
  maxCarriedBytes: 1_000_000,
  retry: { fastInitialMs: 1000, fastAttempts: 2, slowInitialMs: 60_000, slowMaximumMs: 3_600_000 },
};

const pendingWith = (settings: Partial<PendingSettings> = {}): PendingGroups =>
  new PendingGroups({ ...SETTINGS, ...settings }, ID);
const outcome = (
  counts: Partial<DeliveryOutcome['counts']> = {},
  waiting: readonly WaitingOutcome[] = [],
): DeliveryOutcome => ({
  counts: { ...NO_OUTCOMES, ...counts },
  observations: { created: 0, updated: 0, unchanged: 0 },
  waiting,
  claimCounts: [],
});
const waits = (key: string, rows: WaitingOutcome['rows'], more: Partial<WaitingOutcome> = {}): WaitingOutcome => ({
  key,
  code: 'FHIR_UNAVAILABLE',
  message: 'why',
  rows,
  ...more,
});
/** Closes the window and takes everything that is due. */
const takeAll = (pending: PendingGroups, now = NOW) => {
  pending.flush(now);
  return pending.take(now);
};
const sequenceNumbers = (batches: readonly MeasurementBatch[]): number[] =>
  batches.flatMap(({ content }) => (isClaimed(content) ? [] : content.rows.map((row) => row[0])));

describe('the window', () => {
  test('starts with the first measurement after an empty buffer; the first of a workflow is cut short', () => {
    const pending = pendingWith();
    expect(pending.dueAt()).toBeUndefined();
    pending.append(inlineBatch([1]), NOW);
    const first = windowClosesAt(SETTINGS, NOW, true, hashFraction(ID));
    expect(pending.windowEndsAt()).toBe(first);
    expect(first).toBeLessThan(NOW + WINDOW_MS);
    expect(first).toBeGreaterThanOrEqual(NOW + WINDOW_MS / 10);
    pending.append(inlineBatch([2]), NOW + 1);
    expect(pending.windowEndsAt()).toBe(first);
    expect(pending.isDue(first - 1)).toBe(false);
    expect(pending.isDue(first)).toBe(true);
    pending.take(first);
    pending.record(outcome({ written: 2 }), first);
    expect(pending.hasWork()).toBe(false);
    pending.append(inlineBatch([3]), first + 5);
    expect(pending.windowEndsAt()).toBe(first + 5 + WINDOW_MS);
  });

  test('opens anew for what arrives during a delivery', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1]), NOW);
    expect(sequenceNumbers(takeAll(pending).batches)).toEqual([1]);
    pending.append(inlineBatch([2]), NOW + 10);
    expect(pending.windowEndsAt()).toBe(NOW + 10 + WINDOW_MS);
    pending.record(outcome({ written: 1 }), NOW + 20);
    expect(pending.counts()).toMatchObject({ received: 2, buffered: 1, delivering: 0, outcomes: { written: 1 } });
  });

  test.each([
    { name: 'rows', settings: { maxRows: 3 } },
    { name: 'bytes', settings: { maxBytes: 400 } },
  ])('closes early when the buffer is full by $name', ({ settings }) => {
    const pending = pendingWith(settings);
    pending.append(inlineBatch([1]), NOW);
    expect(pending.isDue(NOW)).toBe(false);
    pending.append(inlineBatch([2, 3]), NOW);
    expect(pending.isDue(NOW)).toBe(true);
    expect(sequenceNumbers(pending.take(NOW).batches)).toEqual([1, 2, 3]);
    pending.record(outcome({ written: 3 }), NOW);
    expect(pending.dueAt()).toBeUndefined();
  });

  test('what has no room in one delivery goes with the next, at once', () => {
    const pending = pendingWith({ maxRows: 4, maxDeliveryRows: 2 });
    for (const number of [1, 2, 3, 4]) pending.append(inlineBatch([number]), NOW);
    expect(sequenceNumbers(pending.take(NOW).batches)).toEqual([1, 2]);
    pending.record(outcome({ written: 2 }), NOW);
    expect(pending.isDue(NOW)).toBe(true);
    expect(sequenceNumbers(pending.take(NOW).batches)).toEqual([3, 4]);
  });

  test('is closed by a flush, which does nothing to an empty buffer', () => {
    const pending = pendingWith();
    pending.flush(NOW);
    expect(pending.dueAt()).toBeUndefined();
    pending.append(inlineBatch([1]), NOW);
    pending.flush(NOW);
    expect(pending.isDue(NOW)).toBe(true);
  });
});

describe('the mark', () => {
  test('drops what was taken in before, and only that', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2, 3]), NOW);
    pending.append(inlineBatch([1, 2, 3]), NOW);
    pending.append(inlineBatch([2, 3, 4]), NOW);
    expect(pending.counts()).toMatchObject({ received: 4, duplicates: 5, buffered: 4 });
    expect(sequenceNumbers(takeAll(pending).batches)).toEqual([1, 2, 3, 4]);
  });

  test('goes by ordinal within an event', () => {
    const pending = pendingWith();
    const of = (...positions: [number, number][]) => inlineBatch([], { content: rowsAt(positions) });
    pending.append(of([1, 0], [1, 1]), NOW);
    pending.append(of([1, 1], [1, 2]), NOW);
    expect(pending.marks()).toMatchObject([{ through: [1, 2], receivedCount: 3 }]);
  });

  test.each([
    { name: 'partition', other: { partition: '1' } },
    { name: 'stream', other: { stream: 'replay/letter/1' } },
  ])('is one for each $name', ({ other }) => {
    const pending = pendingWith();
    pending.append(inlineBatch([5]), NOW);
    pending.append(inlineBatch([1, 5], other), NOW);
    expect(pending.counts()).toMatchObject({ received: 3, duplicates: 0 });
    expect(pending.marks()).toHaveLength(2);
  });

  test('of a replay is dropped a day after its last use, its count is not', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1]), NOW);
    pending.append(inlineBatch([1, 2], { stream: 'replay/letter/1' }), NOW);
    expect(pending.carryOver(NOW + DAY_MS - 1).marks).toHaveLength(2);
    expect(pending.carryOver(NOW + DAY_MS).marks).toMatchObject([{ stream: STREAM }]);
    expect(pending.counts().received).toBe(3);
    expect(sumsAgree(pending.counts())).toBe(true);
  });
});

describe('a claim', () => {
  const box = new ClaimBox();
  const claimed = (numbers: readonly number[], of: Partial<MeasurementBatch> = {}): MeasurementBatch =>
    inlineBatch([], { content: box.put(rowsAt(numbers.map((number) => [number, 0]))), ...of });

  test.each([
    { name: 'wholly above the mark is taken as it is', numbers: [4, 5], received: 5, after: undefined },
    { name: 'wholly below it is dropped', numbers: [2, 3], received: 3, after: undefined },
  ])('$name', ({ numbers, received, after }) => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2, 3]), NOW);
    pending.append(claimed(numbers), NOW);
    expect(pending.counts().received).toBe(received);
    expect(takeAll(pending).batches.at(-1)?.after).toBe(after);
  });

  test('that reaches below the mark is kept with it, and counts in full until its delivery has counted it', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2, 3]), NOW);
    pending.append(claimed([2, 3, 4, 5]), NOW);
    expect(pending.counts()).toMatchObject({ received: 7, duplicates: 0, buffered: 7 });
    const { batches } = takeAll(pending);
    expect(batches[1]?.after).toEqual([3, 0]);
    expect(box.open(batches[1]!).rows).toHaveLength(2);
    pending.record({ ...outcome({ written: 5 }), claimCounts: [{ batch: 1, count: 2 }] }, NOW);
    expect(pending.counts()).toMatchObject({ received: 5, duplicates: 2, outcomes: { written: 5 } });
    expect(sumsAgree(pending.counts())).toBe(true);
  });

  test('taken in partly is counted right even after its mark is gone', () => {
    const pending = pendingWith();
    const replay = { stream: 'replay/letter/1' };
    pending.append(inlineBatch([1, 2], replay), NOW);
    pending.append(claimed([2, 3], replay), NOW);
    pending.carryOver(NOW + 2 * DAY_MS);
    expect(pending.marks()).toEqual([]);
    takeAll(pending, NOW + 2 * DAY_MS);
    pending.record({ ...outcome({ written: 3 }), claimCounts: [{ batch: 1, count: 1 }] }, NOW + 2 * DAY_MS);
    expect(pending.counts()).toMatchObject({ received: 3, duplicates: 1 });
    expect(sumsAgree(pending.counts())).toBe(true);
  });

  test('is named for as long as anything refers to it', () => {
    const pending = pendingWith();
    pending.append(claimed([1, 2]), NOW);
    const [claim] = pending.claims();
    takeAll(pending);
    expect(pending.claims()).toEqual([claim]);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }])]), NOW);
    expect(pending.claims()).toEqual([claim]);
    pending.retryAll(NOW);
    pending.take(NOW);
    pending.record(outcome({ written: 2 }), NOW);
    expect(pending.claims()).toEqual([]);
  });
});

describe('replays', () => {
  const stream = (n: number): string => replayStream(n.toString(16).padStart(32, '0'), 1);
  const replayed = (n: number, partition: string): MeasurementBatch => ({ ...inlineBatch([1]), stream: stream(n), partition }); // prettier-ignore

  test('leave marks for so many streams, those of one stream together, and still count', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1]), NOW);
    for (let n = 0; n < 600; n++) for (const partition of ['0', '1']) pending.append(replayed(n, partition), NOW + n);
    expect(pending.marks()).toHaveLength(1 + 2 * 500);
    expect(pending.marks().filter((mark) => mark.stream === STREAM)).toHaveLength(1);
    expect(pending.counts().received).toBe(1201);
    expect(sumsAgree(pending.counts())).toBe(true);
  });

  test('lose the marks of a stream together, a day after the last of them was used', () => {
    const pending = pendingWith();
    pending.append(replayed(1, '0'), NOW);
    pending.append(replayed(1, '1'), NOW + DAY_MS / 2);
    pending.append(replayed(2, '0'), NOW);
    expect(pending.carryOver(NOW + DAY_MS).marks.map((mark) => mark.stream)).toEqual([stream(1), stream(1)]);
    expect(pending.carryOver(NOW + 2 * DAY_MS).marks).toEqual([]);
  });
});

describe('what an operator decides', () => {
  const decision = { kind: 'deadLetter', requestId: 'r', by: 'ada', why: 'why' } as const;
  const noted = { kind: 'deadLetter', requestId: 'r', at: NOW, measurementCount: 2 } as const;
  const decidedOf = (batches: readonly MeasurementBatch[]): (string | undefined)[] =>
    batches.map((batch) => batch.decision?.requestId);

  function withTwoWaiting(): PendingGroups {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2]), NOW);
    takeAll(pending);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }], { code: 'DEVICE_NOT_FOUND' })]), NOW);
    pending.note(noted);
    pending.decide(pending.groups(), decision, NOW + 1);
    return pending;
  }

  test('goes with what waits, is due at once, and concerns nothing that joins the group later', () => {
    const pending = withTwoWaiting();
    expect(pending.isDue(NOW + 1)).toBe(true);
    pending.append(inlineBatch([3]), NOW + 1);
    const { batches } = takeAll(pending, NOW + 1);
    expect(decidedOf(batches)).toEqual([undefined, 'r']);
    expect(batches[1]?.decision).toEqual({ requestId: 'r', waitedFor: 'DEVICE_NOT_FOUND' });
    expect(pending.decisionsOf(batches)).toEqual([decision]);
    const both = [waits('a', [{ batch: 0 }, { batch: 1, rows: [[0, 1]] }])];
    pending.record(outcome({ written: 1 }, both), NOW + 2);
    expect(decidedOf(pending.groups()[0]?.batches ?? [])).toEqual([undefined, 'r']);
    expect(pending.requests()).toEqual([{ ...noted, openCount: 1 }]);
    expect(sumsAgree(pending.counts())).toBe(true);
  });

  test('holds for what is put into the claim store meanwhile', () => {
    const pending = pendingWith({ maxInlineBytes: 0 });
    pending.append(inlineBatch([1, 2]), NOW);
    takeAll(pending);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }])]), NOW);
    const part = pending.tooLarge()!;
    pending.decide(pending.groups(), decision, NOW);
    const { content: _, ...kept } = part.batches[0]!;
    pending.setAside(part, [{ ...kept, content: new ClaimBox().put(rowsAt([[1, 0], [2, 0]])) }]); // prettier-ignore
    expect(pending.counts()).toMatchObject({ received: 2, waiting: 2 });
    expect(sumsAgree(pending.counts())).toBe(true);
    expect(decidedOf(pending.groups()[0]!.batches)).toEqual(['r']);
    expect(pending.tooLarge()).toBeUndefined();
  });

  test('is taken over with what an ended run held', () => {
    const ended = withTwoWaiting();
    const { marks, ...book } = ended.book();
    const pending = pendingWith();
    pending.takeOver({ runId: 'x', book: { ...book, marks }, held: ended.held(), successorThrough: {} }, NOW);
    const { batches } = takeAll(pending);
    expect(pending.decisionsOf(batches)).toEqual([decision]);
    expect(pending.requests()).toEqual([{ ...noted, openCount: 2 }]);
  });

  test('is carried over, and done when nothing of it is held any more', () => {
    const pending = new PendingGroups(SETTINGS, ID, withTwoWaiting().carryOver(NOW + 1));
    expect(pending.requests()).toEqual([{ ...noted, openCount: 2 }]);
    pending.take(NOW + 1);
    expect(pending.requests()).toEqual([{ ...noted, openCount: 2 }]);
    pending.record(outcome({ deadLettered: 2 }), NOW + 2);
    expect(pending.requests()).toEqual([{ ...noted, openCount: 0 }]);
  });

  test('is remembered for the latest twenty requests', () => {
    const pending = pendingWith();
    for (let i = 0; i < 25; i++) pending.note({ ...noted, requestId: String(i) });
    expect(pending.requests().map(({ requestId }) => requestId)).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 5))); // prettier-ignore
  });

  test('is not mixed with what others decided, or nobody, when batches are joined', () => {
    const batch = inlineBatch([1]);
    const carried = { requestId: 'r', waitedFor: 'DEVICE_NOT_FOUND' } as const;
    const decided = { ...inlineBatch([2]), decision: carried };
    const other = { ...inlineBatch([3]), decision: { ...carried, requestId: 's' } };
    const reason = { ...inlineBatch([5]), decision: { ...carried, waitedFor: 'DEVICE_AMBIGUOUS' as const } };
    const joined = joinNeighbours([batch, decided, { ...inlineBatch([4]), decision: carried }, reason, other]);
    expect(decidedOf(joined)).toEqual([undefined, 'r', 'r', 's']);
  });

  test('is about one patient only where the key of a group says so', () => {
    expect(['server', 'later', 'undecided', 'unmapped', 'more DEVICE_NOT_FOUND', 'lost c'].map(isOfOneOwner)).toEqual(
      Array(6).fill(false),
    );
    expect(isOfOneOwner('[null,null,null] 20240301T08')).toBe(true);
  });
});

describe('a recorded delivery', () => {
  test('lets go of what was decided and keeps what waits under its key', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2, 3, 4]), NOW);
    takeAll(pending);
    const rows = [{ batch: 0, rows: [[1, 3]] as const }];
    pending.record(outcome({ written: 1, deadLettered: 1 }, [waits('a', rows, { retryAfterMs: 90_000 })]), NOW);
    expect(pending.counts()).toMatchObject({ waiting: 2, outcomes: { written: 1, deadLettered: 1 } });
    expect(pending.groups()).toMatchObject([
      {
        key: 'a',
        code: 'FHIR_UNAVAILABLE',
        phase: 'retrying',
        attemptCount: 1,
        since: NOW,
        nextAttemptAt: NOW + 90_000,
      },
    ]);
    expect(sequenceNumbers(pending.groups()[0]!.batches)).toEqual([2, 3]);
  });

  test('keeps of a batch only the ids and names that its remaining rows use', () => {
    const pending = pendingWith();
    const content = {
      ids: [{ correlationId: 'a' }, { correlationId: 'b' }, { correlationId: 'c' }],
      names: [['x'], ['y']],
      rows: [
        [1, 0, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 0, 0, '1'],
        [2, 0, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 2, 1, '2'],
      ],
    } as const;
    pending.append(inlineBatch([], { content }), NOW);
    takeAll(pending);
    pending.record(outcome({ written: 1 }, [waits('a', [{ batch: 0, rows: [[1, 2]] }])]), NOW);
    expect(pending.groups()[0]?.batches[0]?.content).toEqual({
      ids: [{ correlationId: 'c' }],
      names: [['y']],
      rows: [[2, 0, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 0, 0, '2']],
    });
  });

  test('lets newcomers join a group that rests, without waking it or making it older', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1]), NOW);
    takeAll(pending);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }], { code: 'OBSERVATION_DELETED' })]), NOW);
    const [before] = pending.groups();
    pending.append(inlineBatch([2]), NOW + 10);
    takeAll(pending, NOW + 10);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }], { code: 'OBSERVATION_DELETED' })]), NOW + 10);
    const [after] = pending.groups();
    expect(after).toEqual({ ...before, batches: after?.batches });
    expect(sequenceNumbers(after!.batches)).toEqual([1, 2]);
  });

  const claim = { batch: 0, claimed: inlineBatch([2]) };
  test.each([
    { name: 'wholly', rows: { batch: 0 } },
    { name: 'in part', rows: { batch: 0, rows: [[1, 2]] as const } },
    { name: 'in part, under a claim of its own', rows: claim },
  ])('advances the attempts of what was tried again $name, and keeps since when it waits', ({ rows }) => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2]), NOW);
    takeAll(pending);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }])]), NOW);
    for (const attempt of [2, 3, 4]) {
      const at = NOW + attempt * 1_000_000;
      pending.take(at);
      pending.record(outcome({}, [waits(`key of attempt ${attempt}`, [attempt === 2 ? rows : { batch: 0 }])]), at);
      expect(pending.groups()).toMatchObject([{ attemptCount: attempt, since: NOW }]);
      expect(pending.groups()[0]?.phase).toBe(attempt <= SETTINGS.retry.fastAttempts ? 'retrying' : 'stuck');
    }
  });

  test('is refused for a batch that was not delivered, and when none is under way', () => {
    const pending = pendingWith();
    expect(() => {
      pending.record(outcome(), NOW);
    }).toThrow(RangeError);
    pending.append(inlineBatch([1]), NOW);
    takeAll(pending);
    expect(() => {
      pending.record(outcome({}, [waits('a', [{ batch: 7 }])]), NOW);
    }).toThrow(RangeError);
  });
});

describe('a write that succeeds', () => {
  const groupOf = (code: WaitingOutcome['code']): PendingGroups => {
    const pending = pendingWith();
    pending.append(inlineBatch([1]), NOW);
    takeAll(pending);
    pending.record(outcome({}, [waits('a', [{ batch: 0 }], { code, retryAfterMs: DAY_MS })]), NOW);
    pending.append(inlineBatch([2]), NOW + 10);
    takeAll(pending, NOW + 10);
    return pending;
  };

  test.each([
    { code: 'FHIR_UNREACHABLE', mended: true },
    { code: 'FHIR_UNAVAILABLE', mended: false },
    { code: 'OBSERVATION_CONFLICT', mended: false },
    { code: 'DEVICE_NOT_FOUND', mended: true },
    { code: 'DEVICE_WITHOUT_PATIENT', mended: true },
    { code: 'DEVICE_RETIRED', mended: true },
    { code: 'PATIENT_AMBIGUOUS', mended: true },
    { code: 'PATIENT_RETIRED', mended: true },
    { code: 'MAPPING_CONFLICT', mended: false },
    { code: 'OBSERVATION_DELETED', mended: false },
    { code: 'OBSERVATION_FOREIGN', mended: false },
  ] as const)('has what waits for $code tried again at once: $mended', ({ code, mended }) => {
    const pending = groupOf(code);
    pending.record(outcome({ written: 1 }), NOW + 10);
    expect(pending.isDue(NOW + 10)).toBe(mended);
  });

  test('has a passing trouble that may be of one group alone tried again before long, not at once', () => {
    const pending = groupOf('FHIR_UNAVAILABLE');
    pending.record(outcome({ written: 1 }), NOW + 10);
    const { slowInitialMs } = SETTINGS.retry;
    expect(pending.isDue(NOW + 9 + slowInitialMs)).toBe(false);
    expect(pending.isDue(NOW + 10 + slowInitialMs)).toBe(true);
  });

  test('proves nothing when nothing was written', () => {
    const pending = groupOf('FHIR_UNAVAILABLE');
    pending.record(outcome({ withoutValue: 1 }), NOW + 10);
    expect(pending.isDue(NOW + 10)).toBe(false);
  });

  test('does not hurry what failed in the same delivery', () => {
    const pending = groupOf('FHIR_UNAVAILABLE');
    pending.putBack(NOW + 10);
    pending.retryAll(NOW + 10);
    pending.take(NOW + 10);
    pending.record(outcome({ written: 1 }, [waits('a', [{ batch: 1 }])]), NOW + 10);
    expect(pending.groups()).toMatchObject([{ attemptCount: 2, since: NOW }]);
    expect(pending.isDue(NOW + 10)).toBe(false);
  });
});

describe('a delivery without an outcome', () => {
  test('waits as a whole, ungrouped, when nothing could be decided', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2]), NOW);
    pending.append(inlineBatch([1], { partition: '1' }), NOW);
    takeAll(pending);
    pending.recordUndecided({ code: 'FHIR_UNREACHABLE', message: 'why' }, NOW);
    expect(pending.groups()).toMatchObject([{ code: 'FHIR_UNREACHABLE', attemptCount: 1, since: NOW }]);
    expect(pending.counts()).toMatchObject({ received: 3, waiting: 3, delivering: 0 });
    pending.retryAll(NOW + 1);
    pending.take(NOW + 1);
    pending.recordUndecided({ code: 'FHIR_TIMEOUT', message: 'why' }, NOW + 1);
    expect(pending.groups()).toMatchObject([{ code: 'FHIR_TIMEOUT', attemptCount: 2, since: NOW }]);
  });

  test('is due again as it was when it was called off', () => {
    const pending = pendingWith();
    pending.append(inlineBatch([1, 2]), NOW);
    takeAll(pending);
    pending.record(
      outcome({}, [waits('a', [{ batch: 0, rows: [[0, 1]] }]), waits('b', [{ batch: 0, rows: [[1, 2]] }])]),
      NOW,
    );
    const groups = pending.groups();
    pending.append(inlineBatch([3]), NOW);
    pending.retryAll(NOW);
    expect(takeAll(pending).batches).toHaveLength(3);
    pending.append(inlineBatch([4]), NOW + 5);
    pending.putBack(NOW + 10);
    expect(pending.groups()).toEqual(groups.map((group) => ({ ...group, nextAttemptAt: NOW })));
    expect(pending.isDue(NOW + 10)).toBe(true);
    expect(sequenceNumbers(pending.take(NOW + 10).batches)).toEqual([3, 4, 1, 2]);
  });

  test('put back when there is none changes nothing', () => {
    const pending = pendingWith();
    pending.putBack(NOW);
    expect(pending.hasWork()).toBe(false);
  });
});

describe('trouble', () => {
  test('is the oldest of what is stuck, else of what is retried', () => {
    const pending = pendingWith();
    expect(pending.trouble()).toBeUndefined();
    const add = (number: number, key: string, code: WaitingOutcome['code'], at: number): void => {
      pending.append(inlineBatch([number]), at);
      pending.flush(at);
      pending.take(at);
      pending.record(outcome({}, [waits(key, [{ batch: 0 }], { code, retryAfterMs: DAY_MS })]), at);
    };
    add(1, 'a', 'FHIR_TIMEOUT', NOW);
    add(2, 'b', 'FHIR_THROTTLED', NOW + 1);
    expect(pending.trouble()?.code).toBe('FHIR_TIMEOUT');
    add(3, 'c', 'MAPPING_MISSING', NOW + 2);
    add(4, 'd', 'OBSERVATION_DELETED', NOW + 3);
    expect(pending.trouble()).toMatchObject({ code: 'MAPPING_MISSING', phase: 'stuck' });
  });
});

test('many waiting groups become one for each code: the state does not grow with their number', () => {
  const pending = pendingWith({ maxRows: 10_000 });
  pending.append(inlineBatch(Array.from({ length: 1000 }, (_, i) => i)), NOW);
  takeAll(pending);
  const waiting = Array.from({ length: 1000 }, (_, i) => waits(`group ${i}`, [{ batch: 0, rows: [[i, i + 1]] }]));
  pending.record(outcome({}, waiting), NOW);
  expect(pending.groups().length).toBeLessThanOrEqual(201);
  expect(pending.counts()).toMatchObject({ received: 1000, waiting: 1000 });
});

test('a delivery takes no more bytes than a payload may have; the rest goes with the next', () => {
  const pending = pendingWith({ maxDeliveryBytes: 100 });
  for (let i = 1; i <= 10; i++) pending.append(inlineBatch([i]), NOW);
  pending.flush(NOW);
  const first = pending.take(NOW).batches.length;
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(10);
  pending.record(outcome({ written: first }, []), NOW);
  expect(pending.isDue(NOW)).toBe(true);
});

describe('rows too many for the state', () => {
  test('are set aside by the largest group first, until few enough remain', () => {
    const pending = pendingWith({ maxInlineBytes: 300 });
    pending.append(inlineBatch([1, 2, 3, 4, 5, 6]), NOW);
    takeAll(pending);
    const rows = [waits('small', [{ batch: 0, rows: [[0, 1]] }]), waits('large', [{ batch: 0, rows: [[1, 6]] }])];
    pending.record(outcome({}, rows), NOW);
    const large = pending.tooLarge();
    expect(large?.key).toBe('large');
    const box = new ClaimBox();
    pending.setAside(
      large!,
      large!.batches.map((batch) => ({ ...batch, content: box.put(box.open(batch)) })),
    );
    expect(pending.tooLarge()).toBeUndefined();
    expect(pending.counts()).toMatchObject({ received: 6, waiting: 6 });
    expect(pending.claims()).toHaveLength(1);
  });

  test('leave the buffer too before a continue-as-new, in parts that one call may carry', () => {
    const pending = pendingWith({ maxCarriedBytes: 400, maxDeliveryBytes: 100 });
    for (let i = 1; i <= 20; i++) pending.append(inlineBatch([i]), NOW);
    expect(pending.tooLarge()).toBeUndefined();
    const box = new ClaimBox();
    const sizes: number[] = [];
    for (let part = pending.tooLargeToCarry(); part !== undefined; part = pending.tooLargeToCarry()) {
      sizes.push(part.batches.length);
      const content = box.put({
        ...box.open(part.batches[0]!),
        rows: part.batches.flatMap((batch) => box.open(batch).rows),
      });
      pending.setAside(part, [{ ...part.batches[0]!, content }]);
    }
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(5);
    expect(pending.counts()).toMatchObject({ received: 20, buffered: 20 });
    expect(pending.windowEndsAt()).toBeDefined();
  });

  test('count their ids too: a correlation id for each row takes more than the row', () => {
    const pending = pendingWith({ maxInlineBytes: 3000 });
    const content = {
      ids: Array.from({ length: 20 }, (_, i) => ({ correlationId: `${i}`.padStart(200, 'c') })),
      names: [['hr']],
      rows: Array.from({ length: 20 }, (_, i) => [i, 0, '', '', i, 0, '60'] as const),
    };
    pending.append(inlineBatch([], { content }), NOW);
    takeAll(pending);
    pending.recordUndecided({ code: 'FHIR_UNREACHABLE', message: 'why' }, NOW);
    expect(pending.tooLarge()).toBeDefined();
  });
});

test('everything is carried over a continue-as-new', () => {
  const pending = pendingWith();
  const box = new ClaimBox();
  pending.append(inlineBatch([1, 2]), NOW);
  takeAll(pending);
  pending.record(outcome({ written: 1 }, [waits('a', [{ batch: 0, rows: [[1, 2]] }])]), NOW);
  pending.append(inlineBatch([2, 3]), NOW + 1);
  pending.append(
    inlineBatch([], {
      content: box.put(
        rowsAt([
          [3, 0],
          [4, 0],
        ]),
      ),
    }),
    NOW + 2,
  );
  const carried = pending.carryOver(NOW + 3);
  const next = new PendingGroups(SETTINGS, ID, JSON.parse(JSON.stringify(carried)) as typeof carried);
  expect(next.carryOver(NOW + 3)).toEqual(carried);
  expect(next.counts()).toEqual(pending.counts());
  expect(next.dueAt()).toBe(pending.dueAt());
  expect(takeAll(next, NOW + 4)).toEqual(takeAll(pending, NOW + 4));
});
