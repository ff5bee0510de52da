import { describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import { IDS, instant, measured, stored, templateOf } from '../../support/fhir-mapping.ts';

const SYSTEM = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';
const quantity = { valueType: 'Quantity', unit: 'u', valueName: 'q' };
const samples = { valueType: 'SampledData', defaultPeriod: 600_000, unit: 'u', valueName: 's' };
const hourly = templateOf({ periodInterval: 60, value: quantity, components: [{ codes: [], value: samples }] });

const made = (template: ObservationTemplate, at: number, values: Readonly<Record<string, string>>): Observation => {
  const [group] = template.group([measured(at, values)]);
  if (group === undefined) throw new Error('Expected one group');
  return stored(template.create(group, IDS, instant(9999)));
};
const join = (template: ObservationTemplate, a: Observation, b: Observation): Observation => {
  const [group] = template.group([measured(0, { q: '1', s: '1' })]);
  if (group === undefined) throw new Error('Expected one group');
  return template.join(group, IDS, a, b).resource;
};

// That joining is the same as having written all at once is a property of fhir-merge-order.test.ts.
describe('joining two versions of an Observation', () => {
  test('keeps what else stands in the first, and nothing else of the second', () => {
    const first = { ...made(hourly, 0, { q: '1' }), note: [{ text: 'first' }] };
    const second = { ...made(hourly, 5, { q: '2' }), note: [{ text: 'second' }], bodySite: { text: 'wrist' } };
    const joined = join(hourly, first, second);
    expect(joined).toMatchObject({ note: [{ text: 'first' }], status: 'amended' });
    expect(joined).not.toHaveProperty('bodySite');
    expect(joined.valueQuantity?.value).toEqual(second.valueQuantity?.value);
  });

  test('a value that tells no time gives way to one that does', () => {
    const without = made(hourly, 0, { q: '7' });
    delete without.valueQuantity?.extension;
    const timed = made(hourly, 5, { q: '2' });
    expect(join(hourly, timed, without)).toBe(timed);
  });

  test.each([
    {
      name: 'of another patient',
      other: { subject: { reference: 'Patient/somebody-else' } },
      code: 'OBSERVATION_FOREIGN',
    },
    { name: 'that is retired', other: { status: 'entered-in-error' } as const, code: 'OBSERVATION_RETIRED' },
    { name: 'without a whole period', other: { effectivePeriod: {} }, code: 'OBSERVATION_UNMERGEABLE' },
    { name: 'with a value of another type', other: { valueString: 'x' }, code: 'MAPPING_CONFLICT' },
  ])('refuses one $name', ({ other, code }) => {
    const { valueQuantity: _, ...second } = made(hourly, 5, { q: '2' });
    expect(() => join(hourly, made(hourly, 0, { q: '1' }), { ...second, ...other })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('does not leave behind in silence what only an earlier mapping named', () => {
    const later = templateOf({ periodInterval: 60, components: [{ codes: [], value: samples }] });
    const onlySamples = made(later, 0, { s: '1' });
    const named = (code: string): Observation => ({
      ...onlySamples,
      component: [{ code: { coding: [{ system: SYSTEM, code }] }, valueString: 'x' }],
    });
    for (const other of [made(hourly, 5, { q: '2' }), named('z')]) {
      expect(() => join(later, onlySamples, other)).toThrow(expect.objectContaining({ code: 'MAPPING_CONFLICT' }));
    }
    const foreign = { code: { coding: [{ system: 'urn:lab', code: 'z' }] }, valueString: 'x' };
    expect(join(later, onlySamples, { ...onlySamples, component: [foreign] })).toBe(onlySamples);
  });

  test('samples of another step fall into place where they can, and are refused where they cannot', () => {
    const finer = templateOf({
      periodInterval: 60,
      components: [{ codes: [], value: { ...samples, defaultPeriod: 60_000 } }],
    });
    const coarse = made(hourly, 600, { s: '1' });
    expect(join(finer, made(finer, 60, { s: '2' }), coarse).component?.[0]?.valueSampledData?.data).toMatch(
      /^E 2( E){8} 1 E/,
    );
    expect(() => join(hourly, coarse, made(finer, 60, { s: '2' }))).toThrow(
      expect.objectContaining({ code: 'MAPPING_CONFLICT' }),
    );
  });
});
