import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import type { Observation, SampledData } from 'fhir/r4.js';
import { parseFhirDateTime } from '../../../core/fhir-date-time.ts';
import type { Measurement } from '../../../core/measurement.ts';
import { decodeSampledData, sampleStep } from '../../../core/sampled-data.ts';
import type { Sample } from '../../../core/sampled-data.ts';
import { ticksOf } from '../../../core/ticks.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import { r4Issues } from '../../support/fhir-validation.ts';
import {
  createOne,
  IDS,
  instant,
  mappingText,
  measured,
  mergeOne,
  stored,
  storedText,
  templateOf,
} from '../../support/fhir-mapping.ts';

const UCUM = 'http://unitsofmeasure.org';
const HOUR = { start: '2024-03-01T08:00:00.0000000Z', end: '2024-03-01T08:59:59.9999999Z' };

/** An hourly mapping of six samples; its members as JSON text, so that every digit counts. */
function fileWith(members: string): string {
  const value = { valueType: 'SampledData', valueName: 's', defaultPeriod: '@' };
  const text = mappingText({ typeName: 'x', codes: [], periodInterval: 60, value });
  return text.replace(
    '"defaultPeriod":"@"',
    members.includes('defaultPeriod') ? members : `"defaultPeriod":600000${members}`,
  );
}

function hourly(members: string): ObservationTemplate {
  const loaded = loadFhirMapping(fileWith(members));
  const template = loaded.ok ? loaded.template.forType('x') : undefined;
  if (template === undefined) throw new Error(`Expected a valid mapping: ${JSON.stringify(loaded)}`);
  return template as ObservationTemplate;
}

describe('the constants of a stream are written as the mapping has them', () => {
  test.each([
    { name: 'none', members: '', stream: '"origin":{"value":0},"period":600000' },
    {
      name: 'all, to the digit and in the order of FHIR',
      members:
        ',"upperLimit":5.0,"lowerLimit":-5.00,"factor":0.50,"origin":2048.0,' +
        `"code":"mV","system":"${UCUM}","unit":"millivolt"`,
      stream:
        `"origin":{"value":2048.0,"unit":"millivolt","system":"${UCUM}","code":"mV"},"period":600000,` +
        '"factor":0.50,"lowerLimit":-5.00,"upperLimit":5.0',
    },
    {
      name: 'numbers in texts',
      members: ',"factor":" 2.50 ","origin":"-0.10","lowerLimit":"0","upperLimit":"1e3"',
      stream: '"origin":{"value":-0.10},"period":600000,"factor":2.50,"lowerLimit":0,"upperLimit":1e3',
    },
    {
      name: 'more digits than a double has',
      members: ',"factor":0.12345678901234567890,"origin":12345678901234567890.10',
      stream: '"origin":{"value":12345678901234567890.10},"period":600000,"factor":0.12345678901234567890',
    },
    { name: 'a negative factor', members: ',"factor":-1', stream: '"origin":{"value":0},"period":600000,"factor":-1' },
    {
      name: 'the digits of the period',
      members: '"defaultPeriod":600000.0',
      stream: '"origin":{"value":0},"period":600000.0',
    },
    {
      name: 'an origin as FHIR writes one',
      members: `,"origin":{"value":1.50,"unit":"mV","system":"${UCUM}","code":"mV","comparator":"<"}`,
      stream: `"origin":{"value":1.50,"unit":"mV","system":"${UCUM}","code":"mV"},"period":600000`,
    },
    {
      name: 'an origin with a unit beside it',
      members: `,"origin":{"value":1,"code":"mV"},"unit":"mV","system":"${UCUM}","code":"mV"`,
      stream: `"origin":{"value":1,"unit":"mV","system":"${UCUM}","code":"mV"},"period":600000`,
    },
    {
      name: 'an origin of a unit alone',
      members: ',"origin":{"unit":"mV"}',
      stream: '"origin":{"value":0,"unit":"mV"},"period":600000',
    },
    {
      name: 'nothing for null and empty texts',
      members: ',"factor":null,"origin":null,"lowerLimit":null,"upperLimit":null,"unit":"","system":"","code":null',
      stream: '"origin":{"value":0},"period":600000',
    },
    {
      name: 'limits that meet',
      members: ',"lowerLimit":1.0,"upperLimit":1',
      stream: '"origin":{"value":0},"period":600000,"lowerLimit":1.0,"upperLimit":1',
    },
  ])('$name', ({ members, stream }) => {
    const made = createOne(hourly(members), measured(0, { s: '7.0' }));
    expect(stringify(made.valueSampledData)).toBe(`{${stream},"dimensions":1,"data":"7.0 E E E E E"}`);
    expect(r4Issues(made)).toEqual([]);
  });
});

describe('a mapping is refused', () => {
  test.each([
    { name: 'with a factor of zero', members: ',"factor":0', at: 'factor' },
    { name: 'with a factor of zero in many digits', members: ',"factor":"-0.00e5"', at: 'factor' },
    { name: 'with a factor that is no number', members: ',"factor":"half"', at: 'factor' },
    { name: 'with an origin that is no number', members: ',"origin":""', at: 'origin' },
    { name: 'with an origin that is a list', members: ',"origin":[1]', at: 'origin', code: 'TEMPLATE_MEMBER_KIND' },
    { name: 'with an origin whose value is none', members: ',"origin":{"value":"x"}', at: 'origin/value' },
    { name: 'with two units', members: ',"unit":"mV","origin":{"value":0,"unit":"uV"}', at: 'origin/unit' },
    { name: 'with limits that cross', members: ',"lowerLimit":"1.01","upperLimit":1', at: 'lowerLimit' },
    {
      name: 'with a limit that is no number',
      members: ',"upperLimit":true',
      at: 'upperLimit',
      code: 'TEMPLATE_MEMBER_KIND',
    },
  ])('$name', ({ members, at, code = 'TEMPLATE_MEMBER_INVALID' }) => {
    const loaded = loadFhirMapping(fileWith(members));
    expect(loaded).toMatchObject({ ok: false, issues: [{ code, pointer: `/template/0/template/value/${at}` }] });
  });

  test('with every problem of its value at once', () => {
    const { issues } = loadFhirMapping(fileWith('"defaultPeriod":0,"factor":0,"lowerLimit":2,"upperLimit":1'));
    expect(issues.map(({ pointer }) => pointer.split('/').at(-1))).toEqual(['defaultPeriod', 'factor', 'lowerLimit']);
  });
});

describe('a stored stream', () => {
  const template = hourly(
    `,"unit":"mV","system":"${UCUM}","code":"mV","origin":10,"factor":0.5,"lowerLimit":-1,"upperLimit":1`,
  );
  const constants = {
    origin: { value: 10, unit: 'mV', system: UCUM, code: 'mV' },
    factor: 0.5,
    lowerLimit: -1,
    upperLimit: 1,
  };
  const stream = (members: object): Observation => {
    const valueSampledData = { ...constants, period: 600_000, dimensions: 1, data: '1 2 E 4 5 6', ...members };
    return stored({ resourceType: 'Observation', status: 'final', effectivePeriod: HOUR, valueSampledData });
  };
  const origin = (members: object): object => ({ origin: { ...constants.origin, ...members } });

  test.each([
    { name: 'of the same constants', members: {} },
    { name: 'of the same numbers in other digits', members: { ...origin({ value: 10.0 }), factor: 5e-1 } },
    { name: 'without system and code, as the original writes it', members: { origin: { value: 10, unit: 'mV' } } },
    { name: 'with the empty unit of the original', members: { origin: { value: 10, unit: '' } } },
    { name: 'of other limits', members: { lowerLimit: -100, upperLimit: 100 } },
    { name: 'without limits', members: { lowerLimit: undefined, upperLimit: undefined } },
  ])('$name takes new samples, and stays as it is otherwise', ({ members }) => {
    const given = stream(members);
    const { resource: observation, outcome } = mergeOne(template, given, measured(1300, { s: '3.0' }));
    expect(outcome).toBe('updated');
    expect(stringify(observation.valueSampledData)).toBe(
      stringify(given.valueSampledData)?.replace('1 2 E 4 5 6', '1 2 3.0 4 5 6'),
    );
  });

  test.each([
    { name: 'from another origin', members: origin({ value: 0 }) },
    { name: 'from an origin that is not said', members: { origin: {} } },
    { name: 'from an origin that is no number', members: origin({ value: '10' }) },
    { name: 'by another factor', members: { factor: 2 } },
    { name: 'by no factor', members: { factor: undefined } },
    { name: 'by a factor that is no number', members: { factor: null } },
    { name: 'of another unit, not coded', members: origin({ unit: 'uV', system: undefined, code: undefined }) },
    { name: 'of another system', members: origin({ system: 'urn:other' }) },
    { name: 'of another code', members: origin({ code: 'uV' }) },
  ])('$name makes the group wait', ({ members }) => {
    const conflict = expect.objectContaining({ code: 'MAPPING_CONFLICT', kind: 'waiting' });
    const given = stream(members);
    expect(() => mergeOne(template, given, measured(1300, { s: '3' }))).toThrow(conflict);
    const [group] = template.group([measured(1300, { s: '3' })]);
    expect(() => template.join(group!, IDS, stream({}), given)).toThrow(conflict);
    expect(() => template.join(group!, IDS, given, stream({}))).toThrow(conflict);
  });

  test('whose unit reads otherwise, under the same code, are of that unit all the same', () => {
    const given = stream(origin({ unit: 'millivolt' }));
    expect(mergeOne(template, given, measured(1300, { s: '3' })).outcome).toBe('updated');
  });

  test('of origin 0 and factor 1 is one that says neither', () => {
    const plain = hourly(',"origin":0.0,"factor":1.00');
    expect(mergeOne(plain, stream({ origin: undefined, factor: undefined }), measured(0, { s: '1' })).outcome).toBe(
      'unchanged',
    );
  });

  test('without any token is made anew, with the constants of the mapping', () => {
    const { resource: observation } = mergeOne(template, stream({ factor: 7, data: ' ' }), measured(0, { s: '1' }));
    expect(observation.valueSampledData).toMatchObject({ lowerLimit: expect.anything(), data: '1 E E E E E' });
    expect(String(observation.valueSampledData?.factor)).toBe('0.5');
  });
});

describe('on the grid', () => {
  const STEPS = ['1000', '2500', '400.5'];
  const intervals = fc.constantFrom(-1, 60, 1440);
  const seconds = fc.uniqueArray(fc.integer({ min: 0, max: 3599 }), { minLength: 1, maxLength: 8 });

  test('what is decoded of an Observation is what was measured, tokens and instants', () => {
    const step = fc.constantFrom(1000, 500, 250);
    fc.assert(
      fc.property(intervals, step, seconds, (periodInterval, defaultPeriod, at) => {
        const value = { valueType: 'SampledData', valueName: 's', defaultPeriod, origin: 5, factor: 0.1 };
        const template = templateOf({ periodInterval, value });
        if (periodInterval === 1440 && defaultPeriod !== 1000) return;
        const made = createOne(template, ...at.map((second) => measured(second, { s: `${second}.50` })));
        const expected = at.toSorted((a, b) => a - b).map((second) => ({ at: ticksAt(second), token: `${second}.50` }));
        expect(samplesIn(made, made.valueSampledData)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('no stored sample is moved by a merge, whatever falls into it', () => {
    const template = (periodInterval: number, [own, other]: readonly [string, string]): ObservationTemplate =>
      templateOf({
        periodInterval,
        value: { valueType: 'SampledData', valueName: 's', defaultPeriod: own },
        components: [
          { codes: [], value: { valueType: 'SampledData', valueName: 't', defaultPeriod: other, factor: 2 } },
        ],
      });
    const reading = fc.record({
      at: fc.integer({ min: -3_600_000, max: 3_600_000 }),
      names: fc.subarray(['s', 't'], { minLength: 1 }),
    });
    const batch = fc.array(reading, { minLength: 1, maxLength: 6 });
    const steps = fc.tuple(fc.constantFrom(...STEPS), fc.constantFrom(...STEPS));
    fc.assert(
      fc.property(fc.constantFrom(-1, 60), steps, batch, batch, (periodInterval, of, before, after) => {
        const mapping = template(periodInterval, of);
        const inHour = ({ at }: { at: number }): boolean => periodInterval === -1 || at >= 0;
        const measurementsOf = (readings: typeof before, token: string): Measurement[] =>
          readings
            .filter((each) => inHour(each) && each.at < 3_600_000)
            .map(({ at, names }) => measured(at / 1000, Object.fromEntries(names.map((name) => [name, token]))));
        const [first, second] = [measurementsOf(before, '1'), measurementsOf(after, '2')];
        if (first.length === 0 || second.length === 0) return;
        const given = stored(createOne(mapping, ...first));
        const merged = mergeOne(mapping, given, ...second).resource;
        for (const [name, step] of [
          ['s', of[0]],
          ['t', of[1]],
        ] as const) {
          const kept = new Map(samplesIn(merged, streamOf(merged, name)).map(({ at, token }) => [at, token]));
          const isCovered = (sample: Sample): boolean =>
            second.some(({ occurrenceTimeUtc, properties }) => {
              const distance = Number(ticksOf(occurrenceTimeUtc) - sample.at);
              return (
                properties.some((each) => each.name === name) && distance >= 0 && distance <= Number(step) * 10_000
              );
            });
          for (const sample of samplesIn(given, streamOf(given, name)))
            expect(kept.get(sample.at)).toBe(isCovered(sample) && kept.get(sample.at) === '2' ? '2' : '1');
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a repetition of what is stored is no change, and a server may write other digits', () => {
  const template = hourly(',"origin":2048.0,"factor":0.50');
  const text = stringify(createOne(template, measured(0, { s: '1' }))) ?? '';
  const answered = storedText(text.replace('2048.0', '2048').replace('0.50', '0.5'));
  expect(mergeOne(template, answered, measured(0, { s: '1' })).outcome).toBe('unchanged');
});

function ticksAt(second: number): bigint {
  return ticksOf(instant(second));
}

function streamOf({ valueSampledData, component = [] }: Observation, name: string): SampledData | undefined {
  const named = component.find(({ code }) => code.coding?.some((coding) => coding.code === name) === true);
  return name === 's' ? valueSampledData : named?.valueSampledData;
}

function samplesIn({ effectivePeriod }: Observation, stream: SampledData | undefined): Sample[] {
  if (stream === undefined) return [];
  const start = parseFhirDateTime(effectivePeriod?.start)!.ticks;
  return decodeSampledData(stream.data ?? '', { start, step: sampleStep(String(stream.period))! });
}
