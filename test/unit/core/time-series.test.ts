import { describe, expect, test } from '@jest/globals';
import { csvLines, CSV_HEADER, jsonPieces } from '../../../core/time-series-text.ts';
import { seriesSamples, timeSeriesOf, valueElementsIn } from '../../../core/time-series.ts';
import { formatTicks } from '../../../core/ticks.ts';
import { storedText } from '../../support/fhir-mapping.ts';

const SYSTEM = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';
const STREAM = { origin: { value: 0, unit: 'mV' }, period: 1000, dimensions: 1, data: '1 2' };

/** As a server answers it, with all digits. */
function observation(stream: object | undefined, more: object = {}) {
  return storedText(
    JSON.stringify({
      resourceType: 'Observation',
      id: 'o1',
      code: { coding: [{ system: SYSTEM, code: 'ecg' }], text: 'An ECG' },
      effectivePeriod: { start: '2024-03-01T08:00:00.0000000Z', end: '2024-03-01T08:59:59.9999999Z' },
      valueSampledData: stream,
      ...more,
    }),
  );
}

/** A sample in a few words: when after eight, what, and which where there are several. */
function told(resource: unknown, index = 0): string[] {
  const series = timeSeriesOf(resource)[index];
  if (series === undefined) throw new Error('Expected a series');
  return [...seriesSamples(series)].map((sample) => {
    const what = sample.kind === 'value' ? sample.value : sample.kind === 'limit' ? sample.limit : '-';
    const which = series.dimensions > 1 ? ` #${sample.dimension}` : '';
    return `${formatTicks(sample.at).slice(17, -1)} ${what}${which}`;
  });
}

describe('samples', () => {
  test.each([
    { name: 'stand a period apart, from the start on', stream: {}, samples: ['00 1', '01 2'] },
    { name: 'keep the digits they are written with', stream: { data: '1.00 1E-05' }, samples: ['00 1.00', '01 1E-05'] },
    { name: 'may be missing', stream: { data: 'E 1 E 2' }, samples: ['00 -', '01 1', '02 -', '03 2'] },
    { name: 'may lie beyond the limits', stream: { data: 'U L' }, samples: ['00 upper', '01 lower'] },
    { name: 'count from an origin, by a factor', stream: { factor: 0.005 }, samples: ['00 0.005', '01 0.010'] },
    {
      name: 'stand at their exact instants when a period is no whole number of ticks',
      stream: { period: 0.00015, data: '1 2 3 4' },
      samples: ['00 1', '00.0000002 2', '00.0000003 3', '00.0000005 4'],
    },
    {
      name: 'are several at an instant when the stream has dimensions',
      stream: { dimensions: 2, data: '1 2 3 E' },
      samples: ['00 1 #1', '00 2 #2', '01 3 #1', '01 - #2'],
    },
    { name: 'are none in a stream without data', stream: { data: undefined }, samples: [] },
    { name: 'may stand apart by more than a space', stream: { data: ' 1\n 2 ' }, samples: ['00 1', '01 2'] },
  ])('$name', ({ stream, samples }) => {
    expect(told(observation({ ...STREAM, ...stream }))).toEqual(samples);
  });

  test.each([
    { name: 'effectiveDateTime', effective: { effectiveDateTime: '2024-03-01T10:00:07.5+02:00' } },
    { name: 'effectiveInstant', effective: { effectiveInstant: '2024-03-01T08:00:07.5Z' } },
    {
      name: 'effectivePeriod, though it has no end',
      effective: { effectivePeriod: { start: '2024-03-01T08:00:07.5Z' } },
    },
  ])('begin with the $name', ({ effective }) => {
    expect(told(observation(STREAM, { effectivePeriod: undefined, ...effective }))).toEqual(['07.5 1', '08.5 2']);
  });
});

test('a series is called what the connector calls it, else what its code says', () => {
  const coded = (coding: object[] | undefined, text?: string) => ({ code: { coding, text }, valueSampledData: STREAM });
  const loinc = { system: 'http://loinc.org', code: '8867-4' };
  const all = observation(STREAM, {
    component: [
      coded([loinc, { system: SYSTEM, code: 'hr' }], 'Pulse'),
      coded([loinc], 'Pulse'),
      coded([{ ...loinc, display: 'Heart rate' }]),
      coded([loinc]),
      coded(undefined),
      { code: { text: 'not sampled' }, valueQuantity: { value: 1 } },
    ],
  });
  const names = timeSeriesOf(all).map(({ name }) => name);
  expect(names).toEqual(['ecg', 'hr', 'Pulse', 'Heart rate', '8867-4', 'component5']);
});

test('tells what an Observation without SampledData holds', () => {
  const plain = observation(undefined, {
    valueString: 'x',
    component: [{ code: {}, valueQuantity: { value: 1 } }, { code: {}, valueQuantity: { value: 2 } }, { code: {} }],
  });
  expect(timeSeriesOf(plain)).toEqual([]);
  expect(valueElementsIn(plain)).toEqual(['valueString', 'valueQuantity']);
});

test.each([
  { name: 'another resource', resource: { resourceType: 'Patient' }, message: 'found a resource Patient' },
  { name: 'no resource', resource: [], message: 'found no FHIR resource' },
  { name: 'null', resource: null, message: 'found no FHIR resource' },
  { name: 'components that are none', resource: observation(STREAM, { component: {} }), message: 'list of objects' },
  { name: 'no start', resource: observation(STREAM, { effectivePeriod: {} }), message: 'effectivePeriod with a start' },
  { name: 'no period', resource: observation({ ...STREAM, period: 0 }), message: 'period of at least 0.0001 ms' },
  { name: 'half a dimension', resource: observation({ ...STREAM, dimensions: 0.5 }), message: 'dimensions of ecg' },
  { name: 'a factor in words', resource: observation({ ...STREAM, factor: 'two' }), message: 'factor of ecg' },
  { name: 'data that is no text', resource: observation({ ...STREAM, data: 5 }), message: 'data of ecg' },
  { name: 'a stream that is none', resource: observation('x' as never), message: 'valueSampledData of ecg' },
])('refuses $name', ({ resource, message }) => {
  expect(() => timeSeriesOf(resource)).toThrow(message);
});

test('names the slot of a token that is none, and not the token', () => {
  const broken = observation({ ...STREAM, dimensions: 2, data: '1 2 3 4 5 secret' });
  expect(() => timeSeriesOf(broken)).toThrow('expected a decimal, E, U or L in slot 2 of ecg (the first is 0)');
});

describe('as text', () => {
  const limited = observation({ ...STREAM, upperLimit: 5.0, data: '1.50 U L E' });
  const [series] = timeSeriesOf(limited);
  if (series === undefined) throw new Error('Expected a series');
  const told = { observation: 'o1', withGaps: false };

  test('JSON has the digits of the samples', () => {
    expect([...jsonPieces(series, told)].join('')).toBe(`\
{ "observation": "o1", "name": "ecg", "unit": "mV", "upperLimit": 5, "samples": [
  { "time": "2024-03-01T08:00:00Z", "value": 1.50 },
  { "time": "2024-03-01T08:00:01Z", "limit": "upper" },
  { "time": "2024-03-01T08:00:02Z", "limit": "lower" }
] }`);
  });

  test('CSV has a column for the limit and one for its number', () => {
    expect(CSV_HEADER).toBe('time,name,value,unit,limit,limitValue,dimension,observation\r\n');
    expect([...csvLines(series, told)]).toEqual([
      '2024-03-01T08:00:00Z,ecg,1.50,mV,,,,o1\r\n',
      '2024-03-01T08:00:01Z,ecg,,mV,upper,5,,o1\r\n',
      '2024-03-01T08:00:02Z,ecg,,mV,lower,,,o1\r\n',
    ]);
  });

  test('gaps have no value, and are told on request', () => {
    const withGaps = { observation: undefined, withGaps: true };
    expect([...csvLines(series, withGaps)].at(-1)).toBe('2024-03-01T08:00:03Z,ecg,,mV,,,,\r\n');
    expect([...jsonPieces(series, withGaps)].join('')).toContain('{ "time": "2024-03-01T08:00:03Z", "value": null }');
  });

  test('names and units are quoted where they must be', () => {
    const odd = { ...series, name: 'a,"b"', unit: 'line\nbreak', tokens: ['1'], dimensions: 2 };
    expect([...csvLines(odd, told)]).toEqual(['2024-03-01T08:00:00Z,"a,""b""",1,"line\nbreak",,,1,o1\r\n']);
    expect(JSON.parse([...jsonPieces(odd, told)].join(''))).toMatchObject({
      name: 'a,"b"',
      unit: 'line\nbreak',
      dimensions: 2,
      samples: [{ dimension: 1, value: 1 }],
    });
  });

  test('a series without samples is an empty list', () => {
    const empty = { ...series, tokens: ['E'] };
    expect(JSON.parse([...jsonPieces(empty, told)].join(''))).toMatchObject({ samples: [] });
  });
});

test.each([null, 5, ['a,b'], {}])('a unit that is no text (%j) is none', (unit) => {
  const [series] = timeSeriesOf(observation({ ...STREAM, origin: { value: 0, unit } }));
  expect(series?.unit).toBeUndefined();
});

test('samples beyond the dates there are', () => {
  const far = observation({ ...STREAM, period: 252_000_000_000_000 });
  expect(() => timeSeriesOf(far)).toThrow('expected the samples of ecg to end before the year 10000');
});
