import { describe, expect, test } from '@jest/globals';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { mappingText } from '../../support/fhir-mapping.ts';

const quantity = { valueType: 'Quantity', valueName: 'v' };
const fine = { typeName: 'x', codes: [], value: quantity };

describe('is accepted:', () => {
  test.each([
    { name: 'an empty collection', text: mappingText() },
    {
      name: 'type names with the suffix Template, in any casing',
      text: JSON.stringify({
        TEMPLATETYPE: 'collectionFHIRTemplate',
        Template: [{ templatetype: 'codeValueFhirTEMPLATE', TEMPLATE: { TYPENAME: 'x', Codes: [] } }],
      }),
    },
    {
      name: 'comments, single quotes, trailing commas',
      text: "{ 'templateType': 'CollectionFhir', /* none */ 'template': [], }",
    },
    { name: 'the places that the original writes', text: mappingText({ ...fine, lineNumber: 1, linePosition: 2 }) },
    { name: 'null for what may be absent', text: mappingText({ ...fine, category: null, components: null }) },
    { name: 'unknown members of a value', text: mappingText({ ...fine, value: { ...quantity, foo: 1 } }) },
    {
      name: 'unknown members of a code of a value',
      text: mappingText({
        ...fine,
        value: { valueType: 'CodeableConcept', valueName: 'v', codes: [{ code: 'c', foo: 1 }] },
      }),
    },
    { name: 'ValueType', text: mappingText({ ...fine, value: { ValueType: 'QUANTITY', valueName: 'v' } }) },
    {
      name: 'a period as text',
      text: mappingText({ ...fine, value: { valueType: 'SampledData', valueName: 'v', defaultPeriod: '0.5' } }),
    },
    ...[
      -1,
      0,
      60,
      1440,
      '-1',
      '0',
      '60',
      '1440',
      'CorrelationId',
      'SINGLE',
      'hourly',
      'Daily',
      'Instance',
      'Hour',
      'day',
    ].map((periodInterval) => ({
      name: `the period interval ${JSON.stringify(periodInterval)}`,
      text: mappingText({ ...fine, periodInterval }),
    })),
  ])('$name', ({ text }) => {
    expect(loadFhirMapping(text)).toMatchObject({ ok: true, issues: [] });
  });
});

describe('is rejected at its place:', () => {
  const inTemplate = (members: object) => mappingText({ ...fine, ...members });
  test.each([
    { name: 'no JSON', text: '{', pointer: '', code: 'TEMPLATE_SYNTAX' },
    { name: 'no object', text: '[]', pointer: '', code: 'TEMPLATE_MEMBER_KIND' },
    {
      name: 'another collection',
      text: '{"templateType":"Other","template":[]}',
      pointer: '/templateType',
      code: 'TEMPLATE_TYPE_UNKNOWN',
    },
    {
      name: 'no list',
      text: '{"templateType":"CollectionFhir","template":{}}',
      pointer: '/template',
      code: 'TEMPLATE_MEMBER_KIND',
    },
    {
      name: 'an entry of another type',
      text: '{"templateType":"CollectionFhir","template":[{}]}',
      pointer: '/template/0',
      code: 'TEMPLATE_TYPE_UNKNOWN',
    },
    {
      name: 'an entry that is null',
      text: '{"templateType":"CollectionFhir","template":[null]}',
      pointer: '/template/0',
      code: 'TEMPLATE_MEMBER_KIND',
    },
    {
      name: 'an entry without a template',
      text: '{"templateType":"CollectionFhir","template":[{"templateType":"CodeValueFhir"}]}',
      pointer: '/template/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'no typeName',
      text: mappingText({ codes: [] }),
      pointer: '/template/0/template',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a blank typeName',
      text: inTemplate({ typeName: ' ' }),
      pointer: '/template/0/template/typeName',
      code: 'TEMPLATE_MEMBER_BLANK',
    },
    {
      name: 'a typeName that is a list',
      text: inTemplate({ typeName: [] }),
      pointer: '/template/0/template/typeName',
      code: 'TEMPLATE_MEMBER_KIND',
    },
    {
      name: 'null codes',
      text: inTemplate({ codes: null }),
      pointer: '/template/0/template/codes',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a null code',
      text: inTemplate({ codes: [null] }),
      pointer: '/template/0/template/codes/0',
      code: 'TEMPLATE_MEMBER_KIND',
    },
    {
      name: 'an unknown member',
      text: inTemplate({ interval: 60 }),
      pointer: '/template/0/template/interval',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'an unknown member of a code',
      text: inTemplate({ codes: [{ cod: 'c' }] }),
      pointer: '/template/0/template/codes/0/cod',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'an unknown member of a category',
      text: inTemplate({ category: [{ code: 'c' }] }),
      pointer: '/template/0/template/category/0/code',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'a period interval that nothing executes',
      text: inTemplate({ periodInterval: 30 }),
      pointer: '/template/0/template/periodInterval',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a null period interval',
      text: inTemplate({ periodInterval: null }),
      pointer: '/template/0/template/periodInterval',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a null value',
      text: inTemplate({ value: null }),
      pointer: '/template/0/template/value',
      code: 'TEMPLATE_MEMBER_KIND',
    },
    {
      name: 'an unknown value type',
      text: inTemplate({ value: { valueType: 'Ratio', valueName: 'v' } }),
      pointer: '/template/0/template/value/valueType',
      code: 'TEMPLATE_VALUE_TYPE_UNKNOWN',
    },
    {
      name: 'a value type in another spelling',
      text: inTemplate({ value: { valuetype: 'String', valueName: 'v' } }),
      pointer: '/template/0/template/value',
      code: 'TEMPLATE_VALUE_TYPE_UNKNOWN',
    },
    {
      name: 'a blank value name',
      text: inTemplate({ value: { valueType: 'String', valueName: '' } }),
      pointer: '/template/0/template/value/valueName',
      code: 'TEMPLATE_MEMBER_BLANK',
    },
    {
      name: 'samples without a period',
      text: inTemplate({ value: { valueType: 'SampledData', valueName: 'v' } }),
      pointer: '/template/0/template/value',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'samples with a period of zero',
      text: inTemplate({ value: { valueType: 'SampledData', valueName: 'v', defaultPeriod: 0 } }),
      pointer: '/template/0/template/value/defaultPeriod',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'an empty concept',
      text: inTemplate({ value: { valueType: 'CodeableConcept', valueName: 'v', codes: [{}] } }),
      pointer: '/template/0/template/value',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a component without a value',
      text: inTemplate({ components: [{ codes: [] }] }),
      pointer: '/template/0/template/components/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a component without codes',
      text: inTemplate({ components: [{ value: quantity }] }),
      pointer: '/template/0/template/components/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a type name that comes twice',
      text: mappingText(fine, { ...fine, typeName: 'X' }),
      pointer: '/template/1/template/typeName',
      code: 'TEMPLATE_TYPE_NAME_REPEATED',
    },
  ])('$name', ({ text, pointer, code }) => {
    const loaded = loadFhirMapping(text);
    expect(loaded.ok).toBe(false);
    expect(loaded.issues.map((issue) => ({ pointer: issue.pointer, code: issue.code }))).toEqual([{ pointer, code }]);
  });
});

test('all issues are reported at once, with line and column', () => {
  const text =
    '{ "templateType": "CollectionFhir", "template": [\n  { "templateType": "CodeValueFhir",\n    "template": { "typeName": "", "cods": [] } }] }';
  expect(loadFhirMapping(text).issues).toMatchObject([
    { code: 'TEMPLATE_MEMBER_UNKNOWN', line: 3, pointer: '/template/0/template/cods' },
    { code: 'TEMPLATE_MEMBER_BLANK', line: 3, column: 31, pointer: '/template/0/template/typeName' },
    { code: 'TEMPLATE_MEMBER_MISSING', line: 3, pointer: '/template/0/template' },
  ]);
});

test('a mapping finds the template of a type ignoring case', () => {
  const loaded = loadFhirMapping(mappingText(fine, { ...fine, typeName: 'Steps' }));
  if (!loaded.ok) throw new Error('Expected a valid mapping');
  expect(loaded.template.typeNames).toEqual(['x', 'Steps']);
  expect(loaded.template.forType('STEPS')).toBeDefined();
  expect(loaded.template.forType('step')).toBeUndefined();
});
