import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observation } from 'fhir/r4.js';
import { stringify } from 'lossless-json';
import type { Measurement } from '../../../core/measurement.ts';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import {
  deliver,
  IDS,
  instant,
  measured,
  stored,
  storedText,
  templateOf,
  uncheckedTemplateOf,
} from '../../support/fhir-mapping.ts';

const quantity = { valueType: 'Quantity', unit: 'u' };
const string = { valueType: 'String' };
const concept = { valueType: 'CodeableConcept', text: 'worn' };
const boolean = { valueType: 'Boolean' };
const integer = { valueType: 'Integer' };
const dateTime = { valueType: 'DateTime' };
const sampled = (defaultPeriod: number) => ({ valueType: 'SampledData', defaultPeriod, unit: 'u' });
const scaled = (defaultPeriod: number) => ({
  ...sampled(defaultPeriod),
  system: 'http://unitsofmeasure.org',
  code: '{u}',
  origin: 10,
  factor: '0.50',
  lowerLimit: -5,
  upperLimit: 1000,
});
const every = (seconds: number) => ({
  value: { ...quantity, valueName: 'a' },
  components: [
    { codes: [], value: { ...sampled(seconds * 1000), valueName: 'b' } },
    { codes: [], value: { ...string, valueName: 'c' } },
    { codes: [], value: { ...scaled(seconds * 500), valueName: 'd' } },
    { codes: [], value: { ...boolean, valueName: 'e' } },
    { codes: [], value: { ...integer, valueName: 'f' } },
    { codes: [], value: { ...dateTime, valueName: 'g' } },
    { codes: [], value: { ...concept, valueName: 'h' } },
  ],
});
const EVERY_NAME = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Readings are taken at whole multiples of this: on the grid of all streams. Over a day they are further apart. */
const STEP_SECONDS = 5;
const DAILY_STEP_SECONDS = 600;

interface Reading {
  readonly at: number;
  readonly ingestedAfter: number;
  readonly names: readonly string[];
}

interface Row {
  readonly name: string;
  readonly template: object;
  readonly mapped: readonly string[];
  readonly stepSeconds?: number;
}

const ROWS: readonly Row[] = [
  { name: 'a single quantity', template: { value: { ...quantity, valueName: 'a' } }, mapped: ['a'] },
  { name: 'a single sample', template: { value: { ...scaled(5000), valueName: 'b' } }, mapped: ['b'] },
  {
    name: 'an hourly quantity',
    template: { periodInterval: 60, value: { ...quantity, valueName: 'a' } },
    mapped: ['a'],
  },
  { name: 'an hourly Boolean', template: { periodInterval: 60, value: { ...boolean, valueName: 'e' } }, mapped: ['e'] },
  { name: 'a daily string', template: { periodInterval: 1440, value: { ...string, valueName: 'a' } }, mapped: ['a'] },
  { name: 'a daily integer', template: { periodInterval: 1440, value: { ...integer, valueName: 'f' } }, mapped: ['f'] },
  {
    name: 'a correlated concept',
    template: { periodInterval: -1, value: { ...concept, valueName: 'a' } },
    mapped: ['a'],
  },
  {
    name: 'a correlated date and time',
    template: { periodInterval: -1, value: { ...dateTime, valueName: 'g' } },
    mapped: ['g'],
  },
  {
    name: 'hourly samples',
    template: { periodInterval: 60, value: { ...sampled(5000), valueName: 'b' } },
    mapped: ['b'],
  },
  {
    name: 'hourly samples with origin and factor',
    template: { periodInterval: 60, value: { ...scaled(5000), valueName: 'b' } },
    mapped: ['b'],
  },
  {
    name: 'correlated samples',
    template: { periodInterval: -1, value: { ...sampled(2500), valueName: 'b' } },
    mapped: ['b'],
  },
  {
    name: 'correlated samples with origin and factor',
    template: { periodInterval: -1, value: { ...scaled(2500), valueName: 'b' } },
    mapped: ['b'],
  },
  { name: 'everything, single', template: every(STEP_SECONDS), mapped: EVERY_NAME },
  { name: 'an hour of everything', template: { periodInterval: 60, ...every(STEP_SECONDS) }, mapped: EVERY_NAME },
  {
    name: 'a day of everything',
    template: { periodInterval: 1440, ...every(DAILY_STEP_SECONDS) },
    mapped: EVERY_NAME,
    stepSeconds: DAILY_STEP_SECONDS,
  },
  { name: 'everything, correlated', template: { periodInterval: -1, ...every(STEP_SECONDS) }, mapped: EVERY_NAME },
];

describe.each(ROWS)('$name', ({ template, mapped, stepSeconds = STEP_SECONDS }) => {
  // Checking each of thousands would take minutes; a few are checked last.
  const mapping = uncheckedTemplateOf(template);

  test('is the same Observation however its measurements are cut, ordered and repeated', () => {
    fc.assert(
      fc.property(deliveries(mapped, stepSeconds), ({ inOrder, shuffled }) => {
        const expected = deliver(mapping, [inOrder.map(measurementOf)]);
        const actual = deliver(
          mapping,
          shuffled.map((batch) => batch.map(measurementOf)),
        );
        expect(withoutStory(actual)).toEqual(withoutStory(expected));
      }),
      { numRuns: 100 },
    );
  });

  test('is the same Observation on a server that spells instants in its own way, and written no more often', () => {
    fc.assert(
      fc.property(deliveries(mapped, stepSeconds), ({ inOrder, shuffled }) => {
        const expected = respelled(deliver(mapping, [inOrder.map(measurementOf)]));
        const batches = shuffled.map((batch) => batch.map(measurementOf));
        const actual = deliver(mapping, batches, asRespelled);
        expect(withoutStory(actual)).toEqual(withoutStory(expected));
        for (const batch of [...batches, inOrder.map(measurementOf)])
          for (const group of mapping.group(batch)) {
            const { id = '' } = mapping.create(group, IDS, instant(0));
            expect(mapping.merge(group, IDS, actual.get(id)!).outcome).toBe('unchanged');
          }
      }),
      { numRuns: 50 },
    );
  });

  test('is the same Observation when two versions that know nothing of each other are joined, either way round', () => {
    fc.assert(
      fc.property(readings(mapped, stepSeconds), fc.array(fc.boolean()), (all, sides) => {
        const measurements = all.map(measurementOf);
        const side = (wanted: boolean): Measurement[] => measurements.filter((_, i) => (sides[i] ?? true) === wanted);
        const [left, right] = [deliver(mapping, [side(true)]), deliver(mapping, [side(false)])];
        const expected = withoutStory(deliver(mapping, [measurements]));
        expect(withoutStory(joined(mapping, measurements, left, right))).toEqual(expected);
        expect(withoutStory(joined(mapping, measurements, right, left))).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test('is valid R4, new and merged', () => {
    const all = [0, 1, 2, 3].map((step) => ({ at: step * stepSeconds, ingestedAfter: step, names: mapped }));
    const batches = [all.slice(2), all].map((batch) => batch.map(measurementOf));
    expect(deliver(templateOf(template), batches).size).toBeGreaterThan(0);
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
    const once = stored(template.join(group, IDS, a, b).resource);
    expect(template.join(group, IDS, once, b).outcome).toBe('unchanged');
    all.set(id, once);
  }
  return all;
}

/** Readings that each carry a mapped value: one without is written only in company, and may then extend a period. */
function readings(mapped: readonly string[], stepSeconds: number): fc.Arbitrary<Reading[]> {
  return fc.uniqueArray(
    fc.record({
      at: fc.integer({ min: 0, max: 800 }).map((step) => step * stepSeconds),
      ingestedAfter: fc.integer({ min: 0, max: 2 }),
      names: fc.subarray([...mapped], { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 12, selector: ({ at, ingestedAfter }) => `${at} ${ingestedAfter}` },
  );
}

/** Any batches that together hold every reading, some of them more than once. */
function deliveries(mapped: readonly string[], stepSeconds: number) {
  return readings(mapped, stepSeconds).chain((inOrder) =>
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

/** Most replaced values differ with each reading; two samples of one slot are the same. */
function measurementOf({ at, ingestedAfter, names }: Reading): Measurement {
  const value: Readonly<Record<string, string>> = {
    a: `${at}.${ingestedAfter}`,
    b: `${at}.50`,
    c: `text ${at} ${ingestedAfter}`,
    d: `-${at}`,
    e: at % 2 === 0 ? 'True' : '0',
    f: `${at * 3 + ingestedAfter}.0`,
    g: instant(at / 4 - ingestedAfter).replace('Z', '+00:00'),
    h: 'worn',
  };
  const properties = names.map((name) => [name, value[name] ?? ''] as const);
  return measured(at, Object.fromEntries(properties), { ingestionTimeUtc: instant(at + ingestedAfter) });
}

/** As some servers answer: milliseconds at most, no zeros at the end of a fraction, zones as `+00:00`. */
function asRespelled(written: Observation): Observation {
  const text = stringify(written) ?? '';
  const instants = /(T\d\d:\d\d:\d\d)(?:\.(\d{3})\d*)?Z"/g;
  return storedText(
    text.replace(instants, (_, seconds: string, fraction: string | undefined) => {
      const digits = (fraction ?? '').replace(/0+$/, '');
      return `${seconds}${digits === '' ? '' : `.${digits}`}+00:00"`;
    }),
  );
}

function respelled(observations: ReadonlyMap<string, Observation>): Map<string, Observation> {
  return new Map([...observations].map(([id, observation]) => [id, asRespelled(observation)]));
}

/** How often it was written is another matter. */
function withoutStory(observations: ReadonlyMap<string, Observation>): unknown {
  return new Map([...observations].map(([id, observation]) => [id, { ...observation, status: '', issued: '' }]));
}
