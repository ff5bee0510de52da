import { describe, expect, test } from '@jest/globals';
import { NO_OUTCOMES } from '../../../core/delivery.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { replayStream } from '../../../core/replay.ts';
import { emptyLedger } from '../../../core/ledger.ts';
import { describeRows } from '../../../core/measurement-rows.ts';
import type { Mark } from '../../../core/position.ts';
import type { SystemSums, WorkflowSums } from '../../../core/verification.ts';
import { verifySums } from '../../../core/verification.ts';
import { rowsAt, STREAM } from '../../support/measurement-batches.ts';

const OF = { stream: STREAM, partition: '0' };
const LEDGER: Ledger = {
  ...emptyLedger(STREAM, '0'),
  sequenceNumber: 9,
  counts: { events: 10, measurements: 10, unmatched: 0, deadLettered: 0, missing: 0 },
};
const MARK: Mark = { ...OF, from: [0, 0], through: [9, 0], usedAt: 0, receivedCount: 10, recent: [[9, 10]] };
const workflow = (mark: Partial<Mark> = {}, more: Partial<WorkflowSums['counts']> = {}): WorkflowSums => {
  const marks = [{ ...MARK, ...mark }];
  const received = marks[0]!.receivedCount;
  const held = { duplicates: 0, buffered: 0, delivering: 0, waiting: 0 };
  return {
    workflowId: 'w',
    marks,
    counts: { received, ...held, outcomes: { ...NO_OUTCOMES, written: received }, ...more },
  };
};
const sums = (of: Partial<SystemSums> = {}): SystemSums => ({
  ledgers: [LEDGER],
  workflows: [workflow()],
  silentWorkflowIds: [],
  unrecoveredRuns: [],
  claims: [],
  deadLetters: [],
  replays: [],
  ...of,
});
const claimed = { claim: 'c', ...describeRows(rowsAt([7, 8, 9].map((number) => [number, 0]))) };
const letter = (sequenceNumber: number, ordinal?: number) => ({
  stage: ordinal === undefined ? ('normalize' as const) : ('transform' as const),
  positions: [{ ...OF, sequenceNumber, ...(ordinal !== undefined && { ordinal }) }],
  ...(ordinal !== undefined && { workflowId: 'w' }),
});
const REPLAY = { ...MARK, stream: replayStream('0'.repeat(32), 1), receivedCount: 2, recent: [] };
/** A workflow that has taken in a replay besides. */
const withReplay = (mark: Partial<Mark> = {}): WorkflowSums => {
  const { counts, marks, ...rest } = workflow();
  const replay = { ...REPLAY, ...mark };
  const received = counts.received + replay.receivedCount;
  const outcomes = { ...counts.outcomes, written: received };
  return { ...rest, counts: { ...counts, received, outcomes }, marks: [...marks, replay] };
};
const withLetters = (deadLettered: number): Ledger => ({ ...LEDGER, counts: { ...LEDGER.counts, deadLettered } });

describe('the sums agree', () => {
  test.each<{ name: string; of: Partial<SystemSums> }>([
    { name: 'when every measurement handed over has been taken in', of: {} },
    {
      name: 'when a workflow has taken in what a replay handed over, beside what came from the hub',
      of: {
        workflows: [withReplay()],
        replays: [{ stream: REPLAY.stream, workflowId: 'w', measurementCount: 2 }],
      },
    },
    {
      name: 'when the mark of a replay has been dropped meanwhile',
      of: { replays: [{ stream: REPLAY.stream, workflowId: 'w', measurementCount: 2 }] },
    },
    {
      name: 'when workflows have taken in what the ledger has not passed yet',
      of: {
        workflows: [
          workflow({
            through: [12, 0],
            receivedCount: 13,
            recent: [
              [9, 10],
              [12, 13],
            ],
          }),
        ],
      },
    },
    {
      name: 'when several workflows took in one partition',
      of: {
        workflows: [workflow({ receivedCount: 4 }), workflow({ receivedCount: 6 })],
      },
    },
    {
      name: 'when a workflow knows nothing of the partition yet',
      of: {
        workflows: [workflow(), workflow({ from: [10, 0], through: [11, 0], receivedCount: 2, recent: [[11, 2]] })],
      },
    },
    {
      name: 'less what stands in the sums of an ended run and of its successor',
      of: {
        workflows: [workflow({ receivedCount: 12, recent: [[9, 12]], takenTwiceCount: 2 })],
      },
    },
    {
      name: 'when a claim that came again in part has not been delivered yet',
      of: {
        workflows: [
          workflow({ receivedCount: 12, recent: [[9, 12]] }, { buffered: 3, outcomes: { ...NO_OUTCOMES, written: 9 } }),
        ],
        claims: [{ workflowId: 'w', batch: { ...OF, content: claimed, after: [8, 0] }, foundCount: 1 }],
      },
    },
    {
      name: 'when a measurement that two runs had taken in has one letter',
      of: {
        workflows: [
          workflow(
            { receivedCount: 11, recent: [[9, 11]], takenTwiceCount: 1 },
            { outcomes: { ...NO_OUTCOMES, written: 9, deadLettered: 2 } },
          ),
        ],
        deadLetters: [letter(3, 0)],
      },
    },
    {
      name: 'when a dead letter was written twice',
      of: { ledgers: [withLetters(1)], deadLetters: [letter(3), letter(3)] },
    },
    { name: 'when an event behind the ledger has its dead letter already', of: { deadLetters: [letter(10)] } },
    { name: 'when an attempt that was cut off has left a letter', of: { deadLetters: [letter(3, 0)] } },
  ])('$name', ({ of }) => {
    expect(verifySums(sums(of))).toEqual([]);
  });
});

describe('the sums do not agree', () => {
  const place = { ...OF, throughSequenceNumber: 9 };
  test.each<{ name: string; of: Partial<SystemSums>; expected: object }>([
    {
      name: 'when a measurement is nowhere',
      of: { workflows: [workflow({ receivedCount: 9, recent: [[9, 9]] })] },
      expected: { kind: 'measurements', ...place, handedOver: 10, received: 9 },
    },
    {
      name: 'when one is there twice',
      of: { workflows: [workflow(), workflow({ receivedCount: 1 })] },
      expected: { kind: 'measurements', ...place, handedOver: 10, received: 11 },
    },
    {
      name: 'when nobody has taken in anything',
      of: { workflows: [] },
      expected: { kind: 'measurements', ...place, handedOver: 10, received: 0 },
    },
    {
      name: 'when a workflow is too fast to be told',
      of: {
        workflows: [
          workflow({
            through: [99, 0],
            receivedCount: 99,
            recent: [
              [98, 98],
              [99, 99],
            ],
          }),
        ],
      },
      expected: { kind: 'in-motion', workflowId: 'w', ...OF },
    },
    {
      name: 'when the hub had dropped events',
      of: {
        ledgers: [{ ...LEDGER, counts: { ...LEDGER.counts, missing: 2 }, gaps: [[4, 5]] }],
      },
      expected: { kind: 'events-missing', ...OF, missing: 2, ranges: [[4, 5]] },
    },
    {
      name: 'when the letter of an event is gone',
      of: { ledgers: [withLetters(2)], deadLetters: [letter(3)] },
      expected: { kind: 'event-letters', ...place, deadLettered: 2, found: 1 },
    },
    {
      name: 'when the letter of a measurement is gone',
      of: {
        workflows: [workflow({}, { outcomes: { ...NO_OUTCOMES, written: 8, deadLettered: 2 } })],
        deadLetters: [letter(3, 0)],
      },
      expected: { kind: 'measurement-letters', workflowId: 'w', deadLettered: 2, found: 1 },
    },
    {
      name: 'when a claim is gone',
      of: { claims: [{ workflowId: 'w', batch: { ...OF, content: claimed }, foundCount: undefined }] },
      expected: { kind: 'claim-missing', workflowId: 'w', ...OF, ranges: [[7, 9]], measurements: 3 },
    },
    {
      name: 'when a claim is not whole',
      of: { claims: [{ workflowId: 'w', batch: { ...OF, content: claimed }, foundCount: 2 }] },
      expected: { kind: 'claim-missing', workflowId: 'w', ...OF, ranges: [[7, 9]], measurements: 1 },
    },
    {
      name: 'when a workflow has taken in less than a replay handed over',
      of: {
        workflows: [withReplay({ receivedCount: 1 })],
        replays: [{ stream: REPLAY.stream, workflowId: 'w', measurementCount: 2 }],
      },
      expected: { kind: 'replay', workflowId: 'w', stream: REPLAY.stream, handedOver: 2, received: 1 },
    },
    {
      name: 'when a workflow has lost count of itself',
      of: { workflows: [workflow({}, { outcomes: NO_OUTCOMES })] },
      expected: { kind: 'workflow-sums', workflowId: 'w' },
    },
    {
      name: 'when a workflow gives no answer',
      of: { silentWorkflowIds: ['x'] },
      expected: { kind: 'workflow-silent', workflowId: 'x' },
    },
    {
      name: 'when a run was ended and nobody has taken it over',
      of: {
        unrecoveredRuns: [{ workflowId: 'x', runId: 'r', firstRunId: 'f', status: 'TERMINATED' }],
      },
      expected: { kind: 'run-ended', workflowId: 'x', runId: 'r', status: 'TERMINATED' },
    },
  ])('$name', ({ of, expected }) => {
    expect(verifySums(sums(of))).toEqual([expected]);
  });
});
