import { describe, expect, test } from '@jest/globals';
import type { DeadLetter } from '../../../core/dead-letter.ts';
import { deadLetterId } from '../../../core/dead-letter.ts';
import type { LetterState } from '../../../core/replay.ts';
import { partsOf, replayedLetter, replayStream, standingOf } from '../../../core/replay.ts';
import { measurementAt, STREAM } from '../../support/measurement-batches.ts';

const letterOf = (stage: DeadLetter['stage'], positions: DeadLetter['positions']): DeadLetter => ({
  id: '0'.repeat(32),
  stage,
  code: 'VALUE_NOT_DECIMAL',
  message: 'why',
  positions,
  failedAt: '2024-03-01T08:00:00Z',
  attemptCount: 1,
});
const at = (sequenceNumber: number, ordinal: number, of: { stream?: string; partition?: string } = {}) => ({
  stream: STREAM,
  partition: '0',
  sequenceNumber,
  ordinal,
  ...of,
});

describe('a replay', () => {
  test('keeps partition, sequence number and ordinal, in position order', () => {
    const letter = letterOf('transform', [at(7, 1), at(9, 0, { partition: '1' }), at(7, 0)]);
    const measurements = [measurementAt([7, 1]), measurementAt([9, 0]), measurementAt([7, 0])];
    expect(partsOf(letter, measurements)).toEqual([
      {
        partition: '0',
        measurements: [
          { sequenceNumber: 7, ordinal: 0, measurement: measurements[2] },
          { sequenceNumber: 7, ordinal: 1, measurement: measurements[0] },
        ],
      },
      { partition: '1', measurements: [{ sequenceNumber: 9, ordinal: 0, measurement: measurements[1] }] },
    ]);
  });

  test('tells partitions of two streams apart', () => {
    const letter = letterOf('transform', [at(1, 0), at(1, 0, { stream: 'other' })]);
    const parts = partsOf(letter, [measurementAt([1, 0]), measurementAt([1, 0])]);
    expect(parts.map(({ partition }) => partition)).toEqual(['0', '0~1']);
    // A replay of a replay has such names itself.
    const positions = [at(1, 0), at(1, 0, { stream: 'b' }), at(1, 0, { stream: 'c', partition: '0~1' })];
    const names = partsOf(
      letterOf('transform', positions),
      positions.map(() => measurementAt([1, 0])),
    );
    expect(new Set(names.map(({ partition }) => partition)).size).toBe(3);
  });

  test('gives every measurement of an event an ordinal', () => {
    const { ordinal: _, ...event } = at(3, 0);
    const parts = partsOf(letterOf('normalize', [event]), [measurementAt([3, 0]), measurementAt([3, 1])]);
    expect(parts.flatMap(({ measurements }) => measurements.map(({ ordinal }) => ordinal))).toEqual([0, 1]);
  });

  test('is a stream that names its letter', () => {
    const id = deadLetterId('transform', at(1, 0));
    expect(replayedLetter(replayStream(id, 3))).toBe(id);
    expect(replayedLetter(STREAM)).toBeUndefined();
  });
});

test.each<{ name: string; state: Partial<LetterState> | undefined; standing: string }>([
  { name: 'held while nobody has touched it', state: undefined, standing: 'held' },
  {
    name: 'held until a replay is handed over',
    state: { replays: [{ n: 1, by: 'a', why: 'b', startedAt: '' }] },
    standing: 'held',
  },
  {
    name: 'replayed from then on',
    state: { replays: [{ n: 1, by: 'a', why: 'b', startedAt: '', handedOverAt: 'x' }] },
    standing: 'replayed',
  },
  {
    name: 'discarded when it was given up',
    state: { discarded: { by: 'a', why: 'b', at: '' } },
    standing: 'discarded',
  },
])('a letter is $name', ({ state, standing }) => {
  expect(standingOf(state && { letterId: 'x', replays: [], ...state })).toBe(standing);
});
