import { describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { lineageOf } from '../../../templates/fhir-mapping/observation-lineage.ts';
import { IDS, instant, measured, stored, templateOf } from '../../support/fhir-mapping.ts';

const LINEAGE = lineageOf({ constants: {}, components: [] });
const final: Observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, valueString: 'x' };

describe('a create of ours', () => {
  const system = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';
  const own = { code: { coding: [{ system, code: 'a' }] }, valueString: 'x' };
  test.each<{ name: string; more: Partial<Observation>; is: boolean }>([
    { name: 'is final', more: {}, is: true },
    { name: 'may have components of ours', more: { component: [own] }, is: true },
    { name: 'may have what servers add', more: { meta: { versionId: '1' } }, is: true },
    { name: 'is not amended', more: { status: 'amended' }, is: false },
    { name: 'has no note', more: { note: [{ text: 'x' }] }, is: false },
    { name: 'has no other component', more: { component: [own, { code: { text: 'x' } }] }, is: false },
    { name: 'interprets nothing', more: { component: [{ ...own, interpretation: [] }] }, is: false },
  ])('$name', ({ more, is }) => {
    expect(LINEAGE.isCreate({ ...final, ...more })).toBe(is);
  });
});

test('two creates were issued at different times', () => {
  const [a, b] = [
    { ...final, issued: '2024-03-01T08:00:00Z' },
    { ...final, issued: '2024-03-01T08:00:01Z' },
  ];
  expect(LINEAGE.isAnew(a, b)).toBe(true);
  expect(LINEAGE.isAnew(a, { ...a, valueString: 'y' })).toBe(false);
});

test('what is amended is no create any more', () => {
  expect(LINEAGE.isCreate(LINEAGE.amended(final))).toBe(false);
  const corrected: Observation = { ...final, status: 'corrected' };
  expect(LINEAGE.amended(corrected)).toBe(corrected);
});

describe('a create with constants', () => {
  const note = [{ text: 'by the ward' }];
  const template = templateOf({
    note,
    performer: [{ reference: 'Practitioner/1' }],
    components: [
      { codes: [], value: { valueType: 'String', valueName: 'a' }, interpretation: [{ text: 'normal' }] },
      { codes: [], value: { valueType: 'String', valueName: 'b' } },
    ],
  });
  const [group] = template.group([measured(0, { a: 'x', b: 'y' })]);
  const created = stored(template.create(group!, IDS, instant(9)));
  const withComponent = (index: number, more: object): Observation => ({
    ...created,
    component: created.component?.map((component, i) => (i === index ? { ...component, ...more } : component)) ?? [],
  });

  test.each([
    { name: 'is one', of: created, is: true },
    { name: 'is none with a note of somebody', of: { ...created, note: [...note, { text: 'lying' }] }, is: false },
    { name: 'is none without its own note, which somebody changed', of: { ...created, note: [] }, is: false },
    { name: 'is one whatever the server made of a constant', of: { ...created, performer: [] }, is: true },
    { name: 'is none with another constant', of: { ...created, method: { text: 'm' } }, is: false },
    { name: 'is none when somebody interprets a component', of: withComponent(1, { interpretation: [] }), is: false },
    {
      name: 'is one when the server words an interpretation anew',
      of: withComponent(0, { interpretation: [] }),
      is: true,
    },
  ])('$name', ({ of, is }) => {
    expect(template.lineage.isCreate(of)).toBe(is);
  });
});
