import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameDecimal } from '../../../core/decimal.ts';
import {
  commonStep,
  decodeSampledData,
  encodeSampledData,
  extendedStart,
  isSampleToken,
  MAX_DATA_LENGTH,
  mergeSampledData,
  padSampledData,
  sampleStep,
} from '../../../core/sampled-data.ts';
import type { Sample, SampleStep, SampleWindow } from '../../../core/sampled-data.ts';
import { floorDivide, TICKS_PER_MS } from '../../../core/ticks.ts';

const START = 17_000_000_000_000_000n;
const at = (ms: number) => START + BigInt(ms) * TICKS_PER_MS;
const sample = (ms: number, token: string) => ({ at: at(ms), token });
const window = (endMs: number, periodMs = '1000') => ({ start: START, end: at(endMs), step: stepOf(periodMs) });

describe('encoding', () => {
  test.each([
    { name: 'fills a window without samples with E', samples: [], data: 'E E E' },
    { name: 'puts a sample into the slot its time falls into', samples: [sample(1999, '61')], data: 'E 61 E' },
    { name: 'takes a sample at the end in', samples: [sample(2000, '62.50')], data: 'E E 62.50' },
    { name: 'keeps the later of two in a slot', samples: [sample(0, '60'), sample(999, '61')], data: '61 E E' },
    { name: 'lets E replace nothing', samples: [sample(0, '60'), sample(500, 'E')], data: '60 E E' },
    { name: 'keeps U and L', samples: [sample(0, 'U'), sample(1000, 'L')], data: 'U L E' },
  ])('$name', ({ samples, data }) => {
    expect(encodeSampledData(samples, window(2000)).data).toBe(data);
  });

  test.each([
    { name: 'a period of 5 s', periodMs: '5000', count: 720 },
    { name: 'a period of 1 s', periodMs: '1000', count: 3600 },
    { name: 'a period longer than the hour', periodMs: '7200000', count: 1 },
    { name: '64 Hz', periodMs: '15.625', count: 230_400 },
  ])('an hour at $name has $count slots', ({ periodMs, count }) => {
    const { data } = encodeSampledData([], { start: START, end: at(3_600_000) - 1n, step: stepOf(periodMs) });
    expect(data.split(' ')).toHaveLength(count);
  });

  test('counts samples that give way', () => {
    const samples = [sample(0, '60'), sample(500, '61'), sample(900, '62'), sample(1000, '63')];
    expect(encodeSampledData(samples, window(2000))).toEqual({ data: '62 63 E', collidedCount: 2 });
  });

  test('refuses what FHIR cannot hold, before it takes any memory', () => {
    expect(() => encodeSampledData([], window(Number.MAX_SAFE_INTEGER, '0.0001'))).toThrow('1048576 characters');
  });

  test('refuses samples whose digits make it too long', () => {
    const long = sample(0, '1'.repeat(MAX_DATA_LENGTH));
    expect(encodeSampledData([long], window(0)).data).toHaveLength(MAX_DATA_LENGTH);
    expect(() => encodeSampledData([long], window(1000))).toThrow('1048576 characters');
  });
});

describe('on the grid', () => {
  const grid = fc.record({
    periodMs: fc.constantFrom('1', '0.5', '3.90625', '1000', '0.0001', '33.333'),
    slots: fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 40 }),
  });

  test('decoding what was encoded gives the same samples', () => {
    fc.assert(
      fc.property(grid, ({ periodMs, slots }) => {
        const step = stepOf(periodMs);
        const samples = slots.sort((a, b) => a - b).map((slot) => ({ at: slotAt(slot, step), token: `${slot}.0` }));
        const { data } = encodeSampledData(samples, { start: START, end: slotAt(300, step), step });
        expect(decodeSampledData(data, { start: START, step })).toEqual(samples);
      }),
    );
  });

  test('a longer period moves no stored sample', () => {
    fc.assert(
      fc.property(grid, fc.nat(100_000), ({ periodMs, slots }, earlier) => {
        const step = stepOf(periodMs);
        const samples = slots.sort((a, b) => a - b).map((slot) => ({ at: slotAt(slot, step), token: `${slot}` }));
        const { data } = encodeSampledData(samples, { start: START, end: slotAt(300, step), step });
        const start = extendedStart(START, START - BigInt(earlier), [step, stepOf('2')]);
        const padded = padSampledData({ data, start: START }, { start, end: slotAt(310, step), step });
        expect(start).toBeLessThanOrEqual(START - BigInt(earlier));
        expect(decodeSampledData(padded, { start, step })).toEqual(samples);
      }),
    );
  });
});

describe('merging', () => {
  const stored = (data: string) => ({ data, start: START });

  test.each([
    { name: 'replaces what a slot holds', data: '1 2 3', samples: [sample(1000, '9')], merged: '1 9 3', collided: 1 },
    {
      name: 'does not count an equal sample',
      data: '1 2 3',
      samples: [sample(1000, '2')],
      merged: '1 2 3',
      collided: 0,
    },
    { name: 'fills a gap', data: '1 E 3', samples: [sample(1000, '9')], merged: '1 9 3', collided: 0 },
    { name: 'lets E replace nothing', data: '1 2 3', samples: [sample(1000, 'E')], merged: '1 2 3', collided: 0 },
    { name: 'keeps stored tokens as they are', data: '1.0 U 3', samples: [], merged: '1.0 U 3', collided: 0 },
    { name: 'keeps stored tokens beyond the end', data: '1 2 3 4', samples: [], merged: '1 2 3 4', collided: 0 },
    { name: 'fills up what is stored too short', data: ' 1  2 ', samples: [], merged: '1 2 E', collided: 0 },
  ])('$name', ({ data, samples, merged, collided }) => {
    const isChanged = merged !== data;
    const expected = { data: merged, collidedCount: collided, isChanged };
    expect(mergeSampledData(stored(data), samples, window(2000))).toEqual(expected);
  });

  test('leaves a stream as it is when nothing is new, whatever stands between its tokens', () => {
    const unchanged = { data: ' 1\t2  3\n', collidedCount: 0, isChanged: false };
    expect(mergeSampledData(stored(' 1\t2  3\n'), [sample(1000, '2')], window(2000))).toEqual(unchanged);
    expect(mergeSampledData(stored(' 1\t2  3\n'), [sample(1000, '9')], window(2000)).data).toBe('1 9 3');
  });

  test('is the same as the plainest way to say it, in exact arithmetic', () => {
    fc.assert(
      fc.property(laidOver, ({ periodMs, earlier, storedTokens, samples, endMs }) => {
        const step = stepOf(periodMs);
        const laid = { start: START - BigInt(earlier) * step.numerator, end: at(endMs), step };
        const earlierSlots = earlier * Number(step.denominator);
        const inside = samples
          .map(({ ticks, token }) => ({ at: laid.start + BigInt(ticks), token }))
          .filter((each) => each.at <= laid.end)
          .sort((a, b) => Number(a.at - b.at));
        const actual = mergeSampledData(stored(storedTokens.join(' ')), inside, laid);
        const expected = plainlyMerged(storedTokens, earlierSlots, inside, laid);
        expect({ ...actual, data: actual.data.split(' ') }).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('an earlier start shifts the stored samples by whole slots', () => {
    const longer = { ...window(2000), start: at(-2000) };
    expect(mergeSampledData(stored('1 2 3'), [sample(-1500, '0')], longer).data).toBe('0 E 1 2 3');
  });

  test('a stream of several dimensions is padded by whole slots', () => {
    const longer = { ...window(2000), start: at(-1000) };
    expect(padSampledData(stored('1 2 3 4 5 6'), longer, 2)).toBe('E E 1 2 3 4 5 6');
  });
});

test('the common step of several streams is a whole multiple of each', () => {
  expect(commonStep([stepOf('5000'), stepOf('2500'), stepOf('3000')])).toBe(15_000n * TICKS_PER_MS);
  expect(commonStep([stepOf('3.90625')])).toBe(78_125n);
  expect(commonStep([])).toBe(1n);
});

test.each(['0', '-1', '0.00009', '', 'E'])('a period of "%s" ms is none', (periodMs) => {
  expect(sampleStep(periodMs)).toBeUndefined();
});

test.each([
  ['60', true],
  ['-0.5', true],
  ['1E-05', true],
  ['E', true],
  ['U', true],
  ['L', true],
  ['e', false],
  ['+5', false],
  ['1 2', false],
  ['', false],
  ['abc', false],
])('as a sample "%s" may stand: %s', (token, expected) => {
  expect(isSampleToken(token)).toBe(expected);
});

const tokens = fc.oneof(fc.constantFrom('E', 'U', 'L', '1', '1.0', '72'), fc.integer().map(String));

/** Samples of all sorts, several in a slot too, over a stored stream that may begin later and be too short. */
const laidOver = fc.record({
  periodMs: fc.constantFrom('1', '0.5', '3.90625', '33.3', '1000', '60000'),
  /** In the shortest whole multiples of the period. */
  earlier: fc.nat(3),
  storedTokens: fc.array(tokens, { minLength: 1, maxLength: 20 }),
  samples: fc.array(fc.record({ ticks: fc.nat(900_000), token: tokens }), { maxLength: 30 }),
  endMs: fc.nat(60),
});

/** As the rules are told: one slot after the other, in bigint. */
function plainlyMerged(
  storedTokens: readonly string[],
  earlierSlots: number,
  samples: readonly Sample[],
  { start, end, step }: SampleWindow,
) {
  const slotOf = (ticks: bigint): bigint => (ticks * step.denominator) / step.numerator;
  const before = Array.from({ length: earlierSlots }, () => 'E');
  const data = [...before, ...storedTokens];
  while (BigInt(data.length) <= slotOf(end - start)) data.push('E');
  const padded = [...data];
  let collidedCount = 0;
  for (const slot of padded.keys()) {
    const own = samples.filter((each) => each.token !== 'E' && slotOf(each.at - start) === BigInt(slot));
    const last = own.at(-1)?.token;
    if (last === undefined) continue;
    const gaveWay = data[slot] !== 'E' && !isSameDecimal(data[slot] ?? '', last);
    collidedCount += own.length - 1 + Number(gaveWay);
    data[slot] = last;
  }
  const isChanged = data.join(' ') !== storedTokens.join(' ');
  return { data, collidedCount, isChanged };
}

function stepOf(periodMs: string): SampleStep {
  const step = sampleStep(periodMs);
  if (step === undefined) throw new Error(`Expected ${periodMs} to be a period`);
  return step;
}

/** The first tick of a slot. */
function slotAt(slot: number, { numerator, denominator }: SampleStep): bigint {
  return START - floorDivide(-BigInt(slot) * numerator, denominator);
}
