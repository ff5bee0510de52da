import { describe, expect, test } from '@jest/globals';
import { decodeAll, textOf } from '../../../cli/observation.ts';
import { parseResources } from '../../../cli/resource-source.ts';

const stream = (data: string) => ({ origin: { value: 0 }, period: 1000, dimensions: 1, data });
const effectivePeriod = { start: '2024-03-01T08:00:00Z', end: '2024-03-01T09:00:00Z' };
const ecg = {
  resourceType: 'Observation',
  id: 'o1',
  code: { text: 'ecg' },
  effectivePeriod,
  valueSampledData: stream('1 2'),
  component: [{ code: { text: 'spo2' }, valueSampledData: stream('98.50') }],
};
const pulse = { resourceType: 'Observation', id: 'o2', code: { text: 'pulse' }, valueQuantity: { value: 72 } };
const bundle = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: resources.map((resource) => ({ resource })),
});

function decode(json: string, component?: string) {
  const { found } = parseResources(json, 'file.json');
  return decodeAll(found, component);
}
const text = (of: unknown): string => JSON.stringify(of);
const places = (json: string): string[] => parseResources(json, 'file.json').found.map(({ place }) => place);

describe('what is read', () => {
  test.each([
    { name: 'one resource', json: JSON.stringify(ecg, null, 2), expected: ['file.json'] },
    { name: 'a resource behind a byte order mark', json: `\uFEFF${text(ecg)}`, expected: ['file.json'] },
    {
      name: 'a resource on each line',
      json: `${text(ecg)}\n\n${text(pulse)}\n`,
      expected: ['file.json:1', 'file.json:3'],
    },
    {
      name: 'the Observations of a Bundle',
      json: text(bundle({ resourceType: 'Patient' }, ecg, pulse, { resourceType: 'OperationOutcome' })),
      expected: ['file.json, entry 2', 'file.json, entry 3'],
    },
    {
      name: 'a Bundle on each line',
      json: `${text(bundle(ecg))}\r\n${text(bundle(pulse))}`,
      expected: ['file.json:1, entry 1', 'file.json:2, entry 1'],
    },
    { name: 'a Bundle without anything', json: '{"resourceType":"Bundle"}', expected: [] },
    { name: 'a Bundle with nothing in its entries', json: text({ ...bundle(), entry: [null, {}] }), expected: [] },
  ])('may be $name', ({ json, expected }) => {
    expect(places(json)).toEqual(expected);
  });

  test('tells of a page of a search that others follow', () => {
    const page = { ...bundle(ecg), link: [{ relation: 'self' }, { relation: 'next', url: 'http://x' }] };
    expect(parseResources(text(page), 'file.json').pages).toEqual(['file.json']);
    expect(parseResources(text(bundle(ecg)), 'file.json').pages).toEqual([]);
  });

  test.each([
    { name: 'nothing', json: '', message: /^file\.json:1:1: no JSON/ },
    { name: 'what ends too early', json: '{\n  "a": "secret"', message: /^file\.json:2:16: no JSON/ },
    { name: 'a line that is none', json: `${text(ecg)}\n{"a": secret}`, message: /^file\.json:2: no JSON$/ },
  ])('is refused when it is $name, by its place and without its text', ({ json, message }) => {
    expect(() => parseResources(json, 'file.json')).toThrow(message);
    expect(() => parseResources(json, 'file.json')).not.toThrow('secret');
  });
});

describe('what is decoded', () => {
  test('is every series of every Observation, with the digits of the file', () => {
    const { series, withoutCount } = decode(text(bundle(ecg, pulse)).replace('"98.50"', '"98.50 1E-05"'));
    expect(series.map((each) => [each.observation, each.series.name])).toEqual([
      ['o1', 'ecg'],
      ['o1', 'spo2'],
    ]);
    expect(withoutCount).toBe(1);
    expect([...textOf(series, { format: 'csv' })].join('')).toContain('08:00:01Z,spo2,1E-05,');
    expect(JSON.parse([...textOf(series, { format: 'json' })].join(''))).toMatchObject([
      { observation: 'o1', name: 'ecg', samples: [{ value: 1 }, { value: 2 }] },
      { observation: 'o1', name: 'spo2', samples: [{ value: 98.5 }, { value: 0.00001 }] },
    ]);
  });

  test('may be the series of one name', () => {
    expect(decode(text(ecg), 'spo2').series.map(({ series }) => series.name)).toEqual(['spo2']);
    expect(() => decode(text(ecg), 'pulse')).toThrow('Expected a component out of ecg, spo2');
  });

  test.each([
    {
      name: 'another resource',
      json: text({ resourceType: 'Patient' }),
      message: 'file.json: expected an Observation',
    },
    { name: 'no resource', json: '[]', message: 'file.json: expected an Observation' },
    {
      name: 'no SampledData',
      json: text(pulse),
      message: 'file.json: the Observation holds no SampledData, but valueQuantity',
    },
    {
      name: 'no value',
      json: text({ resourceType: 'Observation' }),
      message: 'file.json: the Observation holds no SampledData, but no value at all',
    },
    { name: 'a Bundle of such', json: text(bundle(pulse, pulse)), message: 'The 2 Observations hold no SampledData' },
    { name: 'an empty Bundle', json: text(bundle()), message: 'There is no Observation in it' },
    {
      name: 'a broken one among others',
      json: text(bundle(ecg, { ...ecg, valueSampledData: stream('1 x') })),
      message: 'file.json, entry 2: expected a decimal, E, U or L in slot 1 of ecg',
    },
  ])('is nothing when there is $name, and it says why', ({ json, message }) => {
    expect(() => decode(json)).toThrow(message);
  });
});
