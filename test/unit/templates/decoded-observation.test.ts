import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observation } from 'fhir/r4.js';
import { fhirDecimal } from '../../../core/decimal.ts';
import { sampleStep } from '../../../core/sampled-data.ts';
import { seriesSamples, timeSeriesOf } from '../../../core/time-series.ts';
import { formatTicks, ticksOf } from '../../../core/ticks.ts';
import { IDS, measured, stored, templateOf } from '../../support/fhir-mapping.ts';

const HOUR = ticksOf('2024-03-01T08:00:00Z');
const DAY = ticksOf('2024-03-01T00:00:00Z');
const sampled = (valueName: string, defaultPeriod: string) => ({
  valueType: 'SampledData',
  valueName,
  defaultPeriod,
  unit: 'u',
});

const values = fc.oneof(
  fc.constantFrom('U', 'L', '0', '-0.50', '1E-05', '22.40', '123456789012345678.901'),
  fc.integer().map(String),
);

/** Readings by the slot they fall into, none in the others. */
const readings = fc.uniqueArray(fc.record({ slot: fc.nat(1000), value: values }), {
  selector: ({ slot }) => slot,
  minLength: 1,
  maxLength: 30,
});

describe.each([
  { name: 'an hour', periodInterval: 60, start: HOUR, periods: ['1000', '3599.5', '333.3333333333333', '499.9'] },
  { name: 'a day', periodInterval: 1440, start: DAY, periods: ['60000', '86000.0001', '12345.6789'] },
  {
    name: 'what is correlated',
    periodInterval: -1,
    start: HOUR + 1_234_567n,
    periods: ['4', '3.90625', '333.3333333333333', '0.0001', '0.00015', '1000'],
  },
])('the samples of $name', ({ periodInterval, start, periods }) => {
  test.each(periods)('are decoded as they were measured, every %s ms', (period) => {
    const template = templateOf({
      periodInterval,
      value: sampled('a', period),
      components: [{ codes: [], value: sampled('b', period) }],
    });
    const slotAt = slotsOf(period, start);
    fc.assert(
      fc.property(readings, readings, (own, others) => {
        // Of what is correlated the first reading is the start.
        const [a, b] = [own, others].map((all) => [{ slot: 0, value: '1' }, ...all.filter(({ slot }) => slot > 0)]);
        const measurements = [...measuredAs('a', a, slotAt), ...measuredAs('b', b, slotAt)];
        const [group] = template.group(measurements);
        if (group === undefined) throw new Error('Expected a group');
        const observation = stored(template.create(group, IDS, '2024-03-01T12:00:00Z'));
        expect(decoded(observation)).toEqual({ x: expected(a, slotAt), b: expected(b, slotAt) });
      }),
      { numRuns: 8 },
    );
  });
});

test('origin and factor make of a token what was measured', () => {
  const template = templateOf({ periodInterval: -1, value: sampled('a', '4') });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2048, max: 2047 }), { minLength: 1, maxLength: 50 }), (counts) => {
      const slotAt = slotsOf('4', HOUR);
      const tokens = counts.map((count, slot) => ({ slot, value: String(count) }));
      const [group] = template.group(measuredAs('a', tokens, slotAt));
      if (group === undefined) throw new Error('Expected a group');
      const observation = stored(template.create(group, IDS, '2024-03-01T12:00:00Z'));
      const stream = observation.valueSampledData!;
      stream.origin = { value: fhirDecimal('-1.25'), unit: 'mV' };
      stream.factor = fhirDecimal('0.0025');
      const measuredValues = counts.map((count) => ((count * 25 - 12_500) / 10_000).toFixed(4));
      expect(decoded(observation)['x']?.map(([, value]) => value)).toEqual(measuredValues);
    }),
  );
});

interface Reading {
  readonly slot: number;
  readonly value: string;
}
type SlotAt = (slot: number) => bigint;

/** The first tick of each slot. */
function slotsOf(period: string, start: bigint): SlotAt {
  const step = sampleStep(period);
  if (step === undefined) throw new Error(`Expected ${period} to be a period`);
  const { numerator, denominator } = step;
  return (slot) => start + (BigInt(slot) * numerator + denominator - 1n) / denominator;
}

function measuredAs(name: string, all: readonly Reading[] = [], slotAt: SlotAt) {
  return all.map(({ slot, value }) =>
    measured(
      0,
      { [name]: value },
      { occurrenceTimeUtc: formatTicks(slotAt(slot)), ingestionTimeUtc: formatTicks(HOUR) },
    ),
  );
}

/** By series: instant and value, in the order of time. */
function expected(all: readonly Reading[] = [], slotAt: SlotAt): [string, string][] {
  const limits: Readonly<Record<string, string>> = { U: 'upper', L: 'lower' };
  const inOrder = all.toSorted((a, b) => a.slot - b.slot);
  return inOrder.map(({ slot, value }) => [formatTicks(slotAt(slot)), limits[value] ?? value]);
}

function decoded(observation: Observation): Record<string, [string, string][]> {
  const entries = timeSeriesOf(observation).map((series): [string, [string, string][]] => {
    const samples = [...seriesSamples(series)].flatMap((sample): [string, string][] => {
      if (sample.kind === 'gap') return [];
      return [[formatTicks(sample.at), sample.kind === 'value' ? sample.value : sample.limit]];
    });
    return [series.name, samples];
  });
  return Object.fromEntries(entries);
}
