import { describe, expect, test } from '@jest/globals';
import { instant, measured, templateOf } from '../../support/fhir-mapping.ts';

const quantity = (valueName: string) => ({ valueType: 'Quantity', valueName });
const pair = { components: ['a', 'b'].map((name) => ({ codes: [], value: quantity(name) })) };
const single = templateOf(pair);
const hourly = templateOf({ ...pair, periodInterval: 60 });
const correlated = templateOf({ ...pair, periodInterval: -1 });
const valuesOf = (group: ReturnType<typeof single.group>[number] | undefined) =>
  Object.fromEntries([...(group?.values ?? [])].map(([name, series]) => [name, series.map(({ value }) => value)]));

describe('periods', () => {
  test('a single measurement is its own period; its fraction tells it from others of the second', () => {
    const [first, second] = single.group([measured(1.25, { a: '1' }), measured(1, { a: '2' })]);
    expect(first).toMatchObject({ idSegment: '20240301080001Z.20240301080001Z', measurements: [1] });
    expect(second).toMatchObject({ idSegment: '20240301080001.25Z.20240301080001.25Z', measurements: [0] });
    expect(second?.start).toBe(second?.end);
  });

  test('with ids of seconds, those of one second are one Observation', () => {
    const seconds = templateOf(pair, { singleId: 'seconds' });
    const groups = seconds.group([measured(1.25, { a: '1' }), measured(1, { a: '2' })]);
    expect(groups).toMatchObject([{ idSegment: '20240301080001Z.20240301080001Z', measurements: [0, 1] }]);
    expect((groups[0]?.end ?? 0n) - (groups[0]?.start ?? 0n)).toBe(2_500_000n);
  });

  test.each([
    { interval: 60, segment: '20240301080000Z.20240301085959Z' },
    { interval: 1440, segment: '20240301000000Z.20240301235959Z' },
  ])('an interval of $interval minutes has an inclusive end', ({ interval, segment }) => {
    const [group] = templateOf({ ...pair, periodInterval: interval }).group([measured(1800, { a: '1' })]);
    expect(group?.idSegment).toBe(segment);
    expect((group?.end ?? 0n) - (group?.start ?? 0n)).toBe(BigInt(interval) * 600_000_000n - 1n);
  });

  test('an hour before 1970 begins before its measurement', () => {
    const [group] = hourly.group([measured(0, { a: '1' }, { occurrenceTimeUtc: '1969-12-31T23:30:00Z' })]);
    expect(group?.idSegment).toBe('19691231230000Z.19691231235959Z');
  });

  test('a correlation id is one Observation, whatever its times', () => {
    const other = { correlationId: 'c2' };
    const groups = correlated.group([measured(9, { a: '1' }), measured(5, { a: '2' }, other), measured(1, { b: '3' })]);
    expect(groups).toMatchObject([
      { idSegment: 'c1', measurements: [0, 2] },
      { idSegment: 'c2', measurements: [1] },
    ]);
  });

  test('the casing of a type is part of the identity', () => {
    expect(hourly.group([measured(0, { a: '1' }), measured(1, { a: '1' }, { type: 'X' })])).toHaveLength(2);
  });
});

describe('values of the same instant', () => {
  test('different properties are joined', () => {
    const [group] = single.group([measured(0, { a: '1' }), measured(0, { b: '2' })]);
    expect(valuesOf(group)).toEqual({ a: ['1'], b: ['2'] });
    expect(group).toMatchObject({ measurements: [0, 1], superseded: [], withoutValue: [], isEmpty: false });
  });

  test('of the same property the later ingestion wins, in any order', () => {
    const early = measured(0, { a: '1', b: '2' }, { ingestionTimeUtc: instant(10) });
    const late = measured(0, { a: '3' }, { ingestionTimeUtc: instant(20) });
    expect(valuesOf(single.group([early, late])[0])).toEqual({ a: ['3'], b: ['2'] });
    expect(valuesOf(single.group([late, early])[0])).toEqual({ a: ['3'], b: ['2'] });
  });

  test('at the same ingestion the later index wins', () => {
    const [group] = single.group([measured(0, { a: '1' }), measured(0, { a: '2' })]);
    expect(valuesOf(group)).toEqual({ a: ['2'] });
    expect(group?.superseded).toEqual([0]);
  });

  test('a measurement is superseded only when all its values are', () => {
    const groups = single.group([measured(0, { a: '1', b: '1' }), measured(0, { a: '2' }), measured(0, { b: '3' })]);
    expect(groups).toMatchObject([{ measurements: [0, 1, 2], superseded: [0] }]);
  });

  test('values of other instants stay, by time', () => {
    const [group] = hourly.group([measured(20, { a: '2' }), measured(10, { a: '1' })]);
    expect(valuesOf(group)).toEqual({ a: ['1', '2'] });
    expect(group?.superseded).toEqual([]);
  });
});

test('names of properties are case-sensitive, and what is not mapped is told apart', () => {
  const groups = hourly.group([measured(0, { A: '1' }), measured(1, { a: '1', c: 'x' })]);
  expect(groups).toMatchObject([{ measurements: [0, 1], withoutValue: [0], superseded: [], isEmpty: false }]);
  expect(hourly.group([measured(0, { A: '1' })])).toMatchObject([{ withoutValue: [0], isEmpty: true }]);
});

test('samples that share a slot are counted', () => {
  const value = { valueType: 'SampledData', valueName: 'a', defaultPeriod: 5000 };
  const sampled = templateOf({ periodInterval: 60, value });
  expect(sampled.group([measured(0, { a: '1' }), measured(4, { a: '2' }), measured(5, { a: '3' })])).toMatchObject([
    { collidedCount: 1 },
  ]);
});

describe('judging', () => {
  const judged = templateOf({
    periodInterval: -1,
    components: [
      { codes: [], value: quantity('q') },
      { codes: [], value: { valueType: 'SampledData', valueName: 's', defaultPeriod: 1000 } },
      { codes: [], value: { valueType: 'String', valueName: 't' } },
      { codes: [], value: { valueType: 'CodeableConcept', valueName: 'c', text: 'worn' } },
    ],
  });

  test.each([
    { name: 'a decimal', values: { q: ' 1,022.4-' } },
    { name: 'a sample', values: { s: '98.60' } },
    { name: 'a limit passed', values: { s: 'U' } },
    { name: 'a text', values: { t: ' abc ' } },
    { name: 'a text of several lines', values: { t: 'a\tb\r\nc' } },
    { name: 'anything where a concept is written', values: { c: '' } },
    { name: 'anything that is not mapped', values: { other: '' } },
  ])('$name is fine', ({ values }) => {
    expect(judged.judge(measured(0, values))).toBeUndefined();
  });

  test.each([
    { name: 'a text as a decimal', values: { q: 'high' }, more: {}, code: 'VALUE_NOT_DECIMAL' },
    { name: 'a sign as a sample', values: { s: '+5' }, more: {}, code: 'VALUE_NOT_SAMPLE' },
    { name: 'two tokens as a sample', values: { s: '1 2' }, more: {}, code: 'VALUE_NOT_SAMPLE' },
    { name: 'a blank text', values: { t: ' ' }, more: {}, code: 'VALUE_BLANK' },
    { name: 'a text with a control character', values: { t: 'a\u0000b' }, more: {}, code: 'VALUE_NOT_TEXT' },
    {
      name: 'a correlation id with one',
      values: { t: 'ok' },
      more: { correlationId: 'a\u001fb' },
      code: 'VALUE_NOT_TEXT',
    },
    { name: 'a text of more than 1 MiB', values: { t: 'x'.repeat(1_048_577) }, more: {}, code: 'DATA_TOO_LONG' },
    { name: 'one bad value of two', values: { t: 'ok', q: '' }, more: {}, code: 'VALUE_NOT_DECIMAL' },
    {
      name: 'a blank correlation id',
      values: { t: 'ok' },
      more: { correlationId: ' ' },
      code: 'CORRELATION_ID_MISSING',
    },
    {
      name: 'an unreadable time',
      values: { t: 'ok' },
      more: { occurrenceTimeUtc: 'now' },
      code: 'TIMESTAMP_UNREADABLE',
    },
  ])('$name is bad data, and is not repeated in the error', ({ values, more, code }) => {
    const error = judged.judge(measured(0, values, more));
    expect(error).toMatchObject({ code, kind: 'bad-data' });
    expect(error?.message).not.toContain('high');
  });

  test('a correlation id matters only where it groups', () => {
    const { correlationId: _, ...uncorrelated } = measured(0, { a: '1' });
    expect(hourly.judge(uncorrelated)).toBeUndefined();
    expect(correlated.judge(uncorrelated)).toMatchObject({ code: 'CORRELATION_ID_MISSING' });
    expect(() => correlated.group([uncorrelated])).toThrow('Expected a correlation id');
  });
});
