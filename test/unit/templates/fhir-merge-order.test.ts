import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observation } from 'fhir/r4.js';
import type { Measurement } from '../../../core/measurement.ts';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import { deliver, IDS, instant, measured, stored, templateOf } from '../../support/fhir-mapping.ts';

const quantity = { valueType: 'Quantity', unit: 'u' };
const string = { valueType: 'String' };
const concept = { valueType: 'CodeableConcept', text: 'worn' };
const sampled = (defaultPeriod: number) => ({ valueType: 'SampledData', defaultPeriod, unit: 'u' });
const mixed = {
  value: { ...quantity, valueName: 'a' },
  components: [
    { codes: [], value: { ...sampled(5000), valueName: 'b' } },
    { codes: [], value: { ...string, valueName: 'c' } },
    { codes: [], value: { ...sampled(2500), valueName: 'd' } },
  ],
};

/** Every five seconds: on the grid of all streams. */
const STEP_SECONDS = 5;

interface Reading {
  readonly slot: number;
  readonly ingestedAfter: number;
  readonly names: readonly string[];
}

describe.each([
  { name: 'a single quantity', template: { value: { ...quantity, valueName: 'a' } }, mapped: ['a'] },
  {
    name: 'an hourly quantity',
    template: { periodInterval: 60, value: { ...quantity, valueName: 'a' } },
    mapped: ['a'],
  },
  { name: 'a daily string', template: { periodInterval: 1440, value: { ...string, valueName: 'a' } }, mapped: ['a'] },
  {
    name: 'a correlated concept',
    template: { periodInterval: -1, value: { ...concept, valueName: 'a' } },
    mapped: ['a'],
  },
  {
    name: 'hourly samples',
    template: { periodInterval: 60, value: { ...sampled(5000), valueName: 'b' } },
    mapped: ['b'],
  },
  {
    name: 'correlated samples',
    template: { periodInterval: -1, value: { ...sampled(2500), valueName: 'b' } },
    mapped: ['b'],
  },
  { name: 'an hour of everything', template: { periodInterval: 60, ...mixed }, mapped: ['a', 'b', 'c', 'd'] },
  { name: 'everything, correlated', template: { periodInterval: -1, ...mixed }, mapped: ['a', 'b', 'c', 'd'] },
])('$name', ({ template, mapped }) => {
  const mapping = templateOf(template);

  test('is the same Observation however its measurements are cut, ordered and repeated', () => {
    fc.assert(
      fc.property(deliveries(mapped), ({ inOrder, shuffled }) => {
        const expected = deliver(mapping, [inOrder.map(measurementOf)]);
        const actual = deliver(
          mapping,
          shuffled.map((batch) => batch.map(measurementOf)),
        );
        expect(withoutStory(actual)).toEqual(withoutStory(expected));
      }),
      { numRuns: 150 },
    );
  });

  test('is the same Observation when two versions that know nothing of each other are joined, either way round', () => {
    fc.assert(
      fc.property(readings(mapped), fc.array(fc.boolean()), (all, sides) => {
        const measurements = all.map(measurementOf);
        const side = (wanted: boolean): Measurement[] => measurements.filter((_, i) => (sides[i] ?? true) === wanted);
        const [left, right] = [deliver(mapping, [side(true)]), deliver(mapping, [side(false)])];
        const expected = withoutStory(deliver(mapping, [measurements]));
        expect(withoutStory(joined(mapping, measurements, left, right))).toEqual(expected);
        expect(withoutStory(joined(mapping, measurements, right, left))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

/** Each Observation of either side, joined where both have it; what is joined twice is no longer changed. */
function joined(
  template: ObservationTemplate,
  measurements: readonly Measurement[],
  left: ReadonlyMap<string, Observation>,
  right: ReadonlyMap<string, Observation>,
): Map<string, Observation> {
  const all = new Map([...right, ...left]);
  for (const group of template.group(measurements)) {
    const { id = '' } = template.create(group, IDS, instant(0));
    const [a, b] = [left.get(id), right.get(id)];
    if (a === undefined || b === undefined) continue;
    const once = stored(template.join(group, IDS, a, b).observation);
    expect(template.join(group, IDS, once, b).outcome).toBe('unchanged');
    all.set(id, once);
  }
  return all;
}

/** Readings that each carry a mapped value: one without is written only in company, and may then extend a period. */
function readings(mapped: readonly string[]): fc.Arbitrary<Reading[]> {
  return fc.uniqueArray(
    fc.record({
      slot: fc.integer({ min: 0, max: 800 }),
      ingestedAfter: fc.integer({ min: 0, max: 2 }),
      names: fc.subarray([...mapped], { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 12, selector: ({ slot, ingestedAfter }) => `${slot} ${ingestedAfter}` },
  );
}

/** Any batches that together hold every reading, some of them more than once. */
function deliveries(mapped: readonly string[]) {
  return readings(mapped).chain((inOrder) =>
    fc.record({
      inOrder: fc.constant(inOrder),
      shuffled: fc
        .tuple(
          fc.shuffledSubarray(inOrder, { minLength: inOrder.length, maxLength: inOrder.length }),
          fc.shuffledSubarray(inOrder),
          fc.array(fc.nat({ max: 20 }), { maxLength: 6 }),
        )
        .map(([all, repeated, cuts]) => cut([...all, ...repeated], cuts)),
    }),
  );
}

function cut(readings: readonly Reading[], cuts: readonly number[]): Reading[][] {
  const at = [...cuts, 0, readings.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => readings.slice(at[index], end));
}

/** Replaced values differ with each reading; two samples of one slot are the same. */
function measurementOf({ slot, ingestedAfter, names }: Reading): Measurement {
  const value = { a: `${slot}.${ingestedAfter}`, b: `${slot}.50`, c: `text ${slot} ${ingestedAfter}`, d: `-${slot}` };
  const at = slot * STEP_SECONDS;
  return measured(at, Object.fromEntries(names.map((name) => [name, value[name as keyof typeof value]])), {
    ingestionTimeUtc: instant(at + ingestedAfter),
  });
}

/** How often it was written is another matter. */
function withoutStory(observations: ReadonlyMap<string, Observation>): unknown {
  return new Map([...observations].map(([id, observation]) => [id, { ...observation, status: '', issued: '' }]));
}
