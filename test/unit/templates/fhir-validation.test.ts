import { expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { parse } from 'lossless-json';
import { measured, templateOf } from '../../support/fhir-mapping.ts';
import { r4Issues, requireValidR4, validated } from '../../support/fhir-validation.ts';

const FINE = {
  resourceType: 'Observation',
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2024-03-01T08:00:00.1234567Z',
  valueQuantity: { value: 72, unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' },
} as const;
const PROFILE = 'http://hl7.org/fhir/StructureDefinition/heartrate';
const PANEL = {
  ...FINE,
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
  valueQuantity: undefined,
  component: ['8480-6', '8462-4'].map((code) => ({
    code: { coding: [{ system: 'http://loinc.org', code }] },
    valueQuantity: { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  })),
};
const BP = 'http://hl7.org/fhir/StructureDefinition/bp';

test.each([
  { name: 'a heart rate', members: {}, profile: PROFILE },
  { name: 'a blood pressure', members: PANEL, profile: BP },
  { name: 'lossless numbers', members: parse('{"valueQuantity":{"value":72.0}}') as object, profile: undefined },
])('R4 has nothing against $name', ({ members, profile }) => {
  expect(r4Issues({ ...FINE, ...members }, profile)).toEqual([]);
});

test.each([
  { name: 'an unknown element', members: { surprise: 1 }, says: 'surprise' },
  { name: 'a missing code', members: { code: undefined }, says: 'code' },
  { name: 'an unknown status', members: { status: 'finished' }, says: '/status' },
  { name: 'a number as text', members: { valueQuantity: { value: '72' } }, says: 'value' },
  { name: 'two values', members: { valueString: 'x' }, says: 'valueString' },
  { name: 'two times', members: { effectiveInstant: '2024-03-01T08:00:00Z' }, says: 'effectiveInstant' },
  { name: 'a time that is none', members: { effectiveDateTime: 'today' }, says: '/effectiveDateTime' },
  { name: 'a blank text', members: { method: { text: ' ' } }, says: 'method.text' },
  { name: 'an empty object', members: { method: {} }, says: '/method is empty' },
  { name: 'an empty list', members: { note: [] }, says: '/note is empty' },
  { name: 'an extension that says nothing', members: { extension: [{ url: 'urn:e' }] }, says: 'ext-1' },
  { name: 'a profile’s missing category', members: { category: undefined }, says: 'category', profile: PROFILE },
  { name: 'a profile’s other code', members: { code: PANEL.code }, says: 'code.coding', profile: PROFILE },
  {
    name: 'a profile’s other unit',
    members: { valueQuantity: { ...FINE.valueQuantity, code: 'kg' } },
    says: '/min',
    profile: PROFILE,
  },
  { name: 'a profile’s missing value', members: { valueQuantity: undefined }, says: 'value', profile: PROFILE },
  {
    name: 'a panel with one part',
    members: { ...PANEL, component: PANEL.component.slice(1) },
    says: 'SystolicBP',
    profile: BP,
  },
])('R4 has something against $name', ({ members, says, profile }) => {
  const broken = JSON.parse(JSON.stringify({ ...FINE, ...members })) as Observation;
  expect(r4Issues(broken, profile).join('\n')).toContain(says);
});

test('what was wrong before a merge is not held against it', () => {
  const stored = { ...FINE, component: [{ valueString: 'x' }] } as unknown as Observation;
  const merged = { ...stored, component: [{ code: { text: 'new' }, valueString: 'y' }, ...(stored.component ?? [])] };
  expect(() => {
    requireValidR4(merged, stored);
  }).not.toThrow();
  expect(() => {
    requireValidR4({ ...merged, subject: {} } as Observation, stored);
  }).toThrow('/subject is empty');
});

test('a template under test throws where it makes what is not valid', () => {
  const template = templateOf({ value: { valueType: 'Quantity', valueName: 'q' } });
  const [group] = template.group([measured(0, { q: '1' })]);
  const broken = validated({ ...template, create: () => ({ ...(FINE as unknown as Observation), category: [] }) });
  expect(() => broken.create(group!, { device: 'd1', patient: 'p1' }, '2024-03-01T08:00:00Z')).toThrow(
    '/category is empty',
  );
});
