import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import type { Observation } from 'fhir/r4.js';
import { IngestError } from '../../../core/errors.ts';
import {
  createOne,
  instant,
  measured,
  mergeOne,
  stored,
  storedText,
  templateOf,
  uncheckedTemplateOf,
} from '../../support/fhir-mapping.ts';

const SYSTEM = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';
const sampledValue = { valueType: 'SampledData', valueName: 's', defaultPeriod: 600_000, unit: 'u' };
const hourlyQuantity = templateOf({ periodInterval: 60, value: { valueType: 'Quantity', valueName: 'q', unit: 'u' } });
const hourlySamples = templateOf({ periodInterval: 60, value: sampledValue });
const single = templateOf({ value: { valueType: 'Quantity', valueName: 'q', unit: 'u' } });

const HOUR = { start: '2024-03-01T08:00:00.0000000Z', end: '2024-03-01T08:59:59.9999999Z' };
const hour = (members: object) =>
  stored({ resourceType: 'Observation', status: 'final', effectivePeriod: HOUR, ...members });

describe('creating', () => {
  test('writes digits as measured, and when the value was measured and taken in', () => {
    const observation = createOne(hourlyQuantity, measured(60.5, { q: '22.40' }, { ingestionTimeUtc: instant(65) }));
    expect(stringify(observation.valueQuantity)).toBe(
      '{"extension":[{"url":"urn:iomt-fhir-connector-temporal:source-time","extension":[' +
        '{"url":"occurrence","valueInstant":"2024-03-01T08:01:00.5000000Z"},' +
        '{"url":"ingestion","valueInstant":"2024-03-01T08:01:05.0000000Z"}]}],"value":22.40,"unit":"u"}',
    );
  });

  test('leaves out what the mapping leaves empty', () => {
    const template = templateOf({
      codes: [{ code: '', system: '' }, { code: 'c' }],
      category: [{ text: '', codes: [] }],
      value: { valueType: 'Quantity', valueName: 'q', unit: '', system: null },
    });
    const { code, category, valueQuantity } = createOne(template, measured(0, { q: '1' }));
    expect(code.coding).toEqual([{ code: 'c' }, { system: SYSTEM, code: 'x', display: 'x' }]);
    expect(category).toBeUndefined();
    expect(valueQuantity).not.toHaveProperty('unit');
    expect(valueQuantity).not.toHaveProperty('system');
  });

  test('milliseconds can be asked for', () => {
    const template = templateOf({ periodInterval: 60, value: sampledValue }, { timePrecision: 'ms' });
    const { effectivePeriod } = createOne(template, measured(0, { s: '1' }));
    expect(effectivePeriod).toEqual({ start: '2024-03-01T08:00:00.000Z', end: '2024-03-01T08:59:59.999Z' });
    expect(
      mergeOne(template, stored(createOne(template, measured(0, { s: '1' }))), measured(0, { s: '1' })).outcome,
    ).toBe('unchanged');
  });

  test('refuses a group without any mapped value, which the caller has to skip', () => {
    expect(() => createOne(single, measured(0, { other: '1' }))).toThrow(RangeError);
  });

  test('a stream beyond 1 MiB is bad data', () => {
    const template = templateOf({ periodInterval: 60, value: { ...sampledValue, defaultPeriod: 1 } });
    expect(() => createOne(template, measured(0, { s: '1' }))).toThrow(
      expect.objectContaining({ code: 'DATA_TOO_LONG', kind: 'bad-data' }),
    );
  });
});

describe('replacing a value', () => {
  const first = stored(createOne(hourlyQuantity, measured(60, { q: '1' })));

  test.each([
    { name: 'a later reading replaces it', at: 120, value: '2', outcome: 'updated', expected: '2' },
    { name: 'an earlier reading does not', at: 30, value: '2', outcome: 'unchanged', expected: '1' },
    { name: 'the same reading changes nothing', at: 60, value: '1', outcome: 'unchanged', expected: '1' },
    {
      name: 'the same number in other digits changes nothing',
      at: 60,
      value: '1.0',
      outcome: 'unchanged',
      expected: '1',
    },
    { name: 'another value of the same times replaces it', at: 60, value: '2', outcome: 'updated', expected: '2' },
  ])('$name', ({ at, value, outcome, expected }) => {
    const merged = mergeOne(hourlyQuantity, first, measured(at, { q: value }));
    expect(merged.outcome).toBe(outcome);
    expect(String(merged.resource.valueQuantity?.value)).toBe(expected);
  });

  test('an equal value of a later reading is noted, so that a straggler between both loses', () => {
    const later = mergeOne(hourlyQuantity, first, measured(120, { q: '1' }));
    expect(later.outcome).toBe('updated');
    const straggler = mergeOne(hourlyQuantity, stored(later.resource), measured(90, { q: '9' }));
    expect(straggler.outcome).toBe('unchanged');
  });

  test('the later ingestion of one instant wins, also when it comes first', () => {
    const early = measured(0, { q: '1' }, { ingestionTimeUtc: instant(10) });
    const late = measured(0, { q: '2' }, { ingestionTimeUtc: instant(20) });
    expect(mergeOne(single, stored(createOne(single, late)), early).outcome).toBe('unchanged');
    expect(mergeOne(single, stored(createOne(single, early)), late).outcome).toBe('updated');
  });

  test('beside a value without a source time, as the original writes it, the new one wins', () => {
    const value = { valueQuantity: { value: 5, unit: 'u' } };
    expect(mergeOne(hourlyQuantity, hour(value), measured(0, { q: '5.0' })).outcome).toBe('unchanged');
    expect(mergeOne(hourlyQuantity, hour(value), measured(0, { q: '6' })).outcome).toBe('updated');
  });

  test('a server may cut times to milliseconds, and every replay is still no change', () => {
    const reading = measured(0, { q: '1' }, { occurrenceTimeUtc: '2024-03-01T08:00:00.1234567Z' });
    const cut = stringify(createOne(hourlyQuantity, reading))?.replace(/(\.\d{3})\d{4}Z/g, '$1Z') ?? '';
    expect(mergeOne(hourlyQuantity, stored(JSON.parse(cut) as object), reading).outcome).toBe('unchanged');
  });
});

describe('samples', () => {
  const stream = (members: object = {}) =>
    hour({
      valueSampledData: {
        origin: { value: 0, unit: 'u' },
        period: 600_000,
        dimensions: 1,
        data: '1 2 E 4 5 6',
        ...members,
      },
    });
  const changed = (period: number) =>
    templateOf({ periodInterval: 60, value: { ...sampledValue, defaultPeriod: period } });

  test('keep the stored period and origin', () => {
    const { resource: observation } = mergeOne(
      hourlySamples,
      stream({ origin: { value: 0 } }),
      measured(1300, { s: '3.0' }),
    );
    expect(stringify(observation.valueSampledData)).toBe(
      '{"origin":{"value":0},"period":600000,"dimensions":1,"data":"1 2 3.0 4 5 6"}',
    );
  });

  test('go onto the stored grid after the mapping has changed its period', () => {
    const merged = mergeOne(changed(1_200_000), stream(), measured(1200, { s: '3' }));
    expect(merged.resource.valueSampledData).toMatchObject({ data: '1 2 3 4 5 6' });
  });

  test.each([
    { name: 'off the grid of another period', template: changed(1_200_000), members: {} },
    { name: 'of another unit', template: hourlySamples, members: { origin: { value: 0, unit: 'other' } } },
    { name: 'counted from another origin', template: hourlySamples, members: { origin: { value: 10, unit: 'u' } } },
    { name: 'scaled by a factor', template: hourlySamples, members: { factor: 2 } },
  ])('wait when those stored are $name', ({ template, members }) => {
    expect(() => mergeOne(template, stream(members), measured(1300, { s: '3' }))).toThrow(
      expect.objectContaining({ code: 'MAPPING_CONFLICT', kind: 'waiting' }),
    );
  });

  test('that give way are counted', () => {
    expect(mergeOne(hourlySamples, stream(), measured(0, { s: '9' }), measured(1, { s: '8' }))).toMatchObject({
      outcome: 'updated',
      collidedCount: 2,
    });
  });

  test('a foreign stream of several dimensions keeps its instants when the start moves', () => {
    const template = templateOf({ periodInterval: -1, value: { valueType: 'Quantity', valueName: 'q' } });
    const foreign = { code: { text: 'foreign' }, valueSampledData: { period: 60_000, dimensions: 2, data: '1 2 3 4' } };
    const { resource: observation } = mergeOne(template, hour({ component: [foreign] }), measured(-90, { q: '1' }));
    expect(observation.effectivePeriod?.start).toBe('2024-03-01T07:58:00.0000000Z');
    expect(observation.component?.[0]?.valueSampledData?.data?.slice(0, 15)).toBe('E E E E 1 2 3 4');
  });
});

describe('what is stored besides', () => {
  test('keeps everything that is not ours, to the digit', () => {
    const foreign = {
      id: 'obs1',
      meta: { versionId: '3' },
      code: { text: 'by hand' },
      referenceRange: [{ low: { value: '@4.10@' } }],
      valueQuantity: { value: 1 },
      note: [{ text: 'seen' }],
    };
    const text = (stringify(foreign) ?? '').replace('"@4.10@"', '4.10');
    const { resource: observation } = mergeOne(hourlyQuantity, withText(text), measured(0, { q: '2' }));
    expect(stringify(observation)).toContain('"referenceRange":[{"low":{"value":4.10}}]');
    expect(observation).toMatchObject({
      ...foreign,
      referenceRange: expect.anything(),
      valueQuantity: expect.anything(),
    });
  });

  test('does not change the Observation that was given', () => {
    const given = hour({ valueQuantity: { value: 1 }, category: [{ text: 'by hand' }] });
    const before = stringify(given);
    mergeOne(hourlyQuantity, given, measured(0, { q: '2' }));
    expect(stringify(given)).toBe(before);
  });

  test('a corrected Observation stays corrected, another becomes amended', () => {
    const status = (from: string) =>
      mergeOne(hourlyQuantity, hour({ status: from }), measured(0, { q: '2' })).resource.status;
    expect(['final', 'preliminary', 'amended', 'corrected'].map(status)).toEqual([
      'amended',
      'amended',
      'amended',
      'corrected',
    ]);
  });

  test('a value takes the place of the reason why there was none', () => {
    const { resource: observation } = mergeOne(
      hourlyQuantity,
      hour({ dataAbsentReason: { text: 'off' } }),
      measured(0, { q: '2' }),
    );
    expect(observation).not.toHaveProperty('dataAbsentReason');
  });

  test('an effectiveDateTime becomes a period when something changes, and only then', () => {
    const at = stored({
      resourceType: 'Observation',
      status: 'final',
      effectiveDateTime: '2024-03-01T09:00:00+01:00',
      valueQuantity: { value: 1, unit: 'u' },
    });
    expect(mergeOne(single, at, measured(0, { q: '1' }))).toMatchObject({ outcome: 'unchanged', resource: at });
    const { resource: observation } = mergeOne(single, at, measured(0, { q: '2' }));
    expect(observation).not.toHaveProperty('effectiveDateTime');
    expect(observation.effectivePeriod).toEqual({ start: HOUR.start, end: HOUR.start });
  });

  test('the mapping says the category; what a server adds to it is no change', () => {
    const coding = { system: 's', code: 'c' };
    const template = templateOf({
      periodInterval: 60,
      category: [{ codes: [coding] }],
      value: { valueType: 'Quantity', valueName: 'q' },
    });
    const value = { valueQuantity: { value: 1 } };
    const enriched = hour({ ...value, category: [{ coding: [{ ...coding, version: '1' }] }] });
    expect(mergeOne(template, enriched, measured(0, { q: '1' })).outcome).toBe('unchanged');
    const other = mergeOne(template, hour({ ...value, category: [{ text: 'x' }] }), measured(0, { q: '1' }));
    expect(other.resource.category).toEqual([{ coding: [coding] }]);
  });

  test('a component is found by our coding, and a new one stands in the order of the mapping', () => {
    const component = (name: string) => ({ codes: [], value: { valueType: 'String', valueName: name } });
    const template = templateOf({ periodInterval: 60, components: ['a', 'b', 'c'].map(component) });
    const named = (code: string) => ({ code: { coding: [{ system: SYSTEM, code }] }, valueString: code });
    const foreign = { code: { coding: [{ code: 'b' }], text: 'b' }, valueString: 'foreign' };
    const { resource: observation } = mergeOne(
      template,
      hour({ component: [foreign, named('c')] }),
      measured(0, { a: '1', b: '2' }),
    );
    expect(observation.component?.map(({ valueString }) => valueString)).toEqual(['foreign', '1', '2', 'c']);
  });
});

describe('a stored Observation that is not to be written to', () => {
  const value = { valueQuantity: { value: 1 } };
  test.each([
    { name: 'entered in error', given: hour({ status: 'entered-in-error' }), code: 'OBSERVATION_RETIRED' },
    { name: 'cancelled', given: hour({ status: 'cancelled' }), code: 'OBSERVATION_RETIRED' },
    { name: 'of another patient', given: hour({ subject: { reference: 'Patient/p2' } }), code: 'OBSERVATION_FOREIGN' },
    { name: 'of another device', given: hour({ device: { reference: 'Device/d2' } }), code: 'OBSERVATION_FOREIGN' },
    {
      name: 'of a subject it does not refer to',
      given: hour({ subject: { display: 'P' } }),
      code: 'OBSERVATION_FOREIGN',
    },
    {
      name: 'under another identifier of ours',
      given: hour({ identifier: [{ system: SYSTEM, value: 'p1.d1.y' }] }),
      code: 'OBSERVATION_FOREIGN',
    },
    { name: 'another resource', given: stored({ resourceType: 'Patient' }), code: 'OBSERVATION_UNMERGEABLE' },
    {
      name: 'without effective time',
      given: stored({ resourceType: 'Observation', ...value }),
      code: 'OBSERVATION_UNMERGEABLE',
    },
    {
      name: 'with an open period',
      given: hour({ effectivePeriod: { start: HOUR.start } }),
      code: 'OBSERVATION_UNMERGEABLE',
    },
    {
      name: 'with an effectiveInstant',
      given: stored({ resourceType: 'Observation', effectiveInstant: HOUR.start }),
      code: 'OBSERVATION_UNMERGEABLE',
    },
    { name: 'with components that are none', given: hour({ component: 'x' }), code: 'OBSERVATION_UNMERGEABLE' },
    { name: 'with a value of another type', given: hour({ valueDateTime: HOUR.start }), code: 'MAPPING_CONFLICT' },
  ])('$name: the group waits', ({ given, code }) => {
    expect(() => mergeOne(hourlyQuantity, given, measured(0, { q: '2' }))).toThrow(
      expect.objectContaining({ code, kind: 'waiting' }),
    );
  });

  test.each(['Patient/p1', 'https://fhir.test/r4/Patient/p1', 'Patient/p1/_history/3'])(
    '%s is the same patient',
    (reference) => {
      expect(mergeOne(hourlyQuantity, hour({ subject: { reference } }), measured(0, { q: '2' })).outcome).toBe(
        'updated',
      );
    },
  );
});

test('whatever a server answers, the group is merged or waits', () => {
  const templates = [
    { periodInterval: 60, value: { valueType: 'Quantity', valueName: 'q', unit: 'u' } },
    { periodInterval: 60, value: sampledValue },
    { periodInterval: -1, value: { ...sampledValue, origin: 1, factor: 2, system: 's', code: 'c' } },
    { periodInterval: -1, components: [{ codes: [], value: { valueType: 'String', valueName: 'q' } }] },
    ...['Boolean', 'Integer', 'DateTime'].map((valueType) => ({
      periodInterval: -1,
      value: { valueType, valueName: valueType },
    })),
  ].map((members) => uncheckedTemplateOf(members));
  const anything = fc.jsonValue({ maxDepth: 3 });
  const members = [
    ...['identifier', 'status', 'category', 'subject', 'device', 'effectivePeriod', 'effectiveDateTime', 'component'],
    ...['valueQuantity', 'valueSampledData', 'valueString', '_valueString', 'code', 'dataAbsentReason'],
    ...['valueBoolean', '_valueBoolean', 'valueInteger', '_valueInteger', 'valueDateTime', '_valueDateTime'],
  ];
  const damage = fc.array(fc.tuple(fc.constantFrom(...members), anything), { minLength: 1, maxLength: 3 });
  const parts = fc.array(fc.tuple(fc.constantFrom('period', 'dimensions', 'data', 'origin', 'factor'), anything));
  fc.assert(
    fc.property(
      fc.constantFrom(...templates),
      damage,
      parts,
      fc.boolean(),
      (template, broken, streamParts, isStream) => {
        const samples = {
          origin: { value: 0 },
          period: 600_000,
          dimensions: 1,
          data: '1 2',
          ...Object.fromEntries(streamParts),
        };
        const values = { q: '2', s: '3', Boolean: 'True', Integer: '4', DateTime: '08:00' };
        const component = [{ code: { coding: [null, { system: SYSTEM, code: 'q' }] }, valueSampledData: samples }];
        const own = isStream && { valueSampledData: samples };
        const given = hour({ component, ...own, ...Object.fromEntries(broken) });
        expect(outcomeOf(() => mergeOne(template, given, measured(-60, values)))).toMatch(/updated|waiting|bad-data/);
      },
    ),
    { numRuns: 1500 },
  );
});

function withText(text: string): Observation {
  const { resourceType, status, effectivePeriod } = hour({});
  const head = stringify({ resourceType, status, effectivePeriod }) ?? '';
  return storedText(`${head.slice(0, -1)},${text.slice(1)}`);
}

function outcomeOf(merge: () => { outcome: string }): string {
  try {
    return merge().outcome;
  } catch (error) {
    if (error instanceof IngestError) return error.kind;
    throw error;
  }
}
