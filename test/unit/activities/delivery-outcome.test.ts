import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OutcomeBook } from '../../../activities/delivery-outcome.ts';
import type { Reading } from '../../../activities/readings.ts';
import { openBatches } from '../../../activities/readings.ts';
import type { DeliveryInput } from '../../../core/delivery.ts';
import { totalOutcomes } from '../../../core/delivery.ts';
import { IngestError } from '../../../core/errors.ts';
import type { ClaimedRows, InlineRows, MeasurementBatch } from '../../../core/measurement-rows.ts';
import { describeRows, isClaimed } from '../../../core/measurement-rows.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { sumsAgree } from '../../../core/pending-state.ts';
import type { PositionInPartition } from '../../../core/position.ts';
import type { Claims } from '../../../stores/claims.ts';
import { rowsAt, STREAM } from '../../support/measurement-batches.ts';

const NOW = 1_700_000_000_000;
const SETTINGS = {
  windowMs: 1000,
  maxRows: 1000,
  maxBytes: 100_000,
  maxDeliveryRows: 1000,
  maxDeliveryBytes: 1_000_000,
  maxInlineBytes: 100_000,
  maxCarriedBytes: 1_000_000,
  retry: { fastInitialMs: 1000, fastAttempts: 2, slowInitialMs: 60_000, slowMaximumMs: 3_600_000 },
};

function claimsInMemory(): Claims {
  const rows = new Map<string, InlineRows>();
  return {
    put(_workflowId, _source, content): Promise<ClaimedRows> {
      const claim = JSON.stringify(content);
      rows.set(claim, content);
      return Promise.resolve({ claim, ...describeRows(content) });
    },
    get: (claim) => Promise.resolve(rows.get(claim)),
    delete: () => Promise.resolve(),
  };
}

const positions = (from: number, to: number): PositionInPartition[] =>
  Array.from({ length: to - from }, (_, i) => [from + i, 0]);

/** Each reading has its fate; what waits is booked by the workflow, and delivered again until nothing is left. */
async function deliver(
  pending: PendingGroups,
  claims: Claims,
  fates: readonly number[],
  decided: string[],
): Promise<void> {
  pending.flush(NOW);
  pending.retryAll(NOW);
  const input: DeliveryInput = { deviceId: 'd', type: 't', batches: pending.take(NOW).batches, identities: [] };
  const opened = await openBatches(claims, input);
  const book = new OutcomeBook();
  opened.readings.forEach((reading: Reading, i) => {
    const fate = fates[i % fates.length]!;
    if (fate < 4) decided.push(JSON.stringify(reading.position));
    if (fate === 0) book.written('created', [reading], 0);
    else if (fate === 1) book.superseded([reading]);
    else if (fate === 2) book.withoutValue([reading]);
    else if (fate === 3) book.refused([reading], new IngestError('VALUE_NOT_DECIMAL', 'why'));
    else book.waits(`key ${fate}`, [reading], new IngestError('FHIR_TIMEOUT', 'why', { retryAfterMs: 5 }));
  });
  const letters = book.deadLetters(input, 'version', new Date(NOW).toISOString());
  const outcome = await book.toOutcome(input, opened, claims, 'w');
  expect(letters.flatMap((letter) => letter.positions)).toHaveLength(outcome.counts.deadLettered);
  pending.record(outcome, NOW);
  expect(sumsAgree(pending.counts())).toBe(true);
}

test('what the activity returns and what the workflow books agree: every reading is decided once', async () => {
  const fatesArb = fc.array(fc.array(fc.nat(6), { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fatesArb, fc.nat(9), async (rounds, again) => {
      const claims = claimsInMemory();
      const pending = new PendingGroups(SETTINGS, 'w');
      const of = { stream: STREAM, partition: '0' };
      const batches: MeasurementBatch[] = [
        { ...of, content: rowsAt(positions(0, 10)) },
        { ...of, content: await claims.put('w', of, rowsAt(positions(10 - again, 20))) },
        { ...of, content: rowsAt(positions(18, 25)) },
      ];
      for (const batch of batches) pending.append(batch, NOW);
      const decided: string[] = [];
      for (const fates of rounds) await deliver(pending, claims, fates, decided);
      await deliver(pending, claims, [0], decided);
      expect(pending.hasWork()).toBe(false);
      expect(new Set(decided).size).toBe(25);
      expect(decided).toHaveLength(25);
      expect(pending.counts()).toMatchObject({ received: 25, duplicates: again + 2 });
      expect(totalOutcomes(pending.counts().outcomes)).toBe(25);
    }),
  );
});

test('a claim that is gone keeps its batch waiting, and nothing else', async () => {
  const claims = claimsInMemory();
  const of = { stream: STREAM, partition: '0' };
  const claimed = await claims.put('w', of, rowsAt(positions(0, 3)));
  const batches = [
    { ...of, content: { ...claimed, claim: 'gone' } },
    { ...of, content: rowsAt(positions(3, 5)) },
  ];
  const input: DeliveryInput = { deviceId: 'd', type: 't', batches, identities: [] };
  const opened = await openBatches(claims, input);
  expect(opened.readings.map(({ batch, position }) => [batch, position.sequenceNumber])).toEqual([[1, 3], [1, 4]]); // prettier-ignore
  const book = new OutcomeBook();
  book.lost(0, new IngestError('CLAIM_MISSING', 'why'));
  expect(book.isUndecided()).toBe(true);
  book.written('created', opened.readings, 1);
  const outcome = await book.toOutcome(input, opened, claims, 'w');
  expect(outcome.waiting).toMatchObject([{ code: 'CLAIM_MISSING', rows: [{ batch: 0 }] }]);
  expect(outcome.counts).toMatchObject({ written: 2, collidedSamples: 1 });
  expect(isClaimed(batches[0]!.content)).toBe(true);
});
