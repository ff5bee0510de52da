import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import type { TemplateIssueCode } from '../../../core/template-issue.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { lintTemplates } from '../../../templates/lint/lint.ts';
import { mappingText } from '../../support/fhir-mapping.ts';
import { SAMPLES, sampleText } from '../../support/sample-cases.ts';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

const loinc = (code: string, display?: string) => ({ code, system: LOINC, display });
const quantity = (code: string, more: object = {}) => ({
  valueType: 'Quantity',
  valueName: 'v',
  unit: 'u',
  system: UCUM,
  code,
  ...more,
});
const samples = (more: object = {}) => ({ valueType: 'SampledData', valueName: 'v', defaultPeriod: 1000, ...more });
const component = (code: string, more: object = {}) => ({ codes: [loinc(code)], value: quantity('mm[Hg]', more) });

/** A heart rate variability: nothing is wrong with it, and it is no vital sign. */
const fine = { typeName: 'x', codes: [loinc('80404-7')], value: quantity('ms') };
const vital = { category: [{ codes: [{ code: 'vital-signs', system: CATEGORY }] }] };
const pulse = { ...fine, ...vital, codes: [loinc('8867-4')], value: quantity('/min') };
const pressure = {
  ...fine,
  ...vital,
  codes: [loinc('85354-9')],
  value: undefined,
  components: [component('8480-6', { valueName: 's' }), component('8462-4', { valueName: 'd' })],
};

function findingsOf(template: object) {
  const { deviceContent, fhirMapping } = lintTemplates({ fhirMapping: mappingText(template) });
  expect(deviceContent).toEqual([]);
  return fhirMapping.map(({ code, pointer, message }) => ({
    code,
    at: pointer.replace(/^\/template\/0\/template/, ''),
    message,
  }));
}

interface Row {
  readonly name: string;
  readonly template: object;
  /** Where each is found. None where the template is fine. */
  readonly found?: readonly (readonly [at: string, code: TemplateIssueCode, words?: string])[];
}

const CODES: readonly Row[] = [
  { name: 'a LOINC code', template: fine },
  {
    name: 'a LOINC code with a wrong check digit, with the right one',
    template: { ...fine, codes: [loinc('80404-8')] },
    found: [['/codes/0/code', 'LOINC_CODE_INVALID', '"80404-7"']],
  },
  {
    name: 'what has not the shape of a LOINC code',
    template: { ...fine, codes: [loinc('MDC_ECG')] },
    found: [['/codes/0/code', 'LOINC_CODE_INVALID', 'seven digits']],
  },
  { name: 'an answer of LOINC as a code', template: { ...fine, codes: [loinc('LA33-6')] } },
  {
    name: 'a wrong LOINC code deep inside',
    template: {
      ...fine,
      value: { valueType: 'CodeableConcept', valueName: 'v', text: 't', codes: [loinc('8867-5')] },
    },
    found: [['/value/codes/0/code', 'LOINC_CODE_INVALID']],
  },
  ...['https://loinc.org', 'http://loinc.org/', 'http://www.loinc.org', 'loinc.org', 'LOINC', ' http://loinc.org'].map(
    (system): Row => ({
      name: `LOINC spelled ${JSON.stringify(system)}`,
      template: { ...fine, codes: [{ code: '80404-7', system }] },
      found: [['/codes/0/system', 'CODE_SYSTEM_MISSPELT', `"${LOINC}"`]],
    }),
  ),
  ...['https://unitsofmeasure.org', 'http://unitsofmeasure.org/', 'ucum'].map((system): Row => ({
    name: `UCUM spelled ${JSON.stringify(system)}`,
    template: { ...fine, value: quantity('ms', { system }) },
    found: [['/value/system', 'CODE_SYSTEM_MISSPELT', `"${UCUM}"`]],
  })),
  {
    name: 'the category system of an earlier FHIR',
    template: {
      ...pulse,
      category: [{ codes: [{ code: 'vital-signs', system: 'http://hl7.org/fhir/observation-category' }] }],
    },
    found: [['/category/0/codes/0/system', 'CODE_SYSTEM_MISSPELT', CATEGORY]],
  },
  { name: 'a system that is not known', template: { ...fine, codes: [{ code: '1', system: 'https://example.org/' }] } },
  {
    name: 'a LOINC code without a system',
    template: { ...fine, codes: [{ code: '8867-4' }] },
    found: [['/codes/0/code', 'CODE_WITHOUT_SYSTEM', LOINC]],
  },
  { name: 'a code of its own without a system', template: { ...fine, codes: [{ code: 'hrv' }] } },
  { name: 'a code that only looks like one of LOINC', template: { ...fine, codes: [{ code: '8867-5' }] } },
  {
    name: 'a component with the main code',
    template: { ...fine, components: [component('80404-7', { valueName: 'w' })] },
    found: [['/components/0/codes/0/code', 'COMPONENT_CODE_REPEATED', 'Observation itself']],
  },
  {
    name: 'two components with one code',
    template: {
      ...pressure,
      components: [...pressure.components, component('8480-6', { valueName: 'other' })],
    },
    found: [['/components/2/codes/0/code', 'COMPONENT_CODE_REPEATED', 'another component']],
  },
  {
    name: 'the same code of two systems',
    template: {
      ...fine,
      codes: [{ code: '1', system: 'urn:a' }],
      components: [{ codes: [{ code: '1', system: 'urn:b' }], value: quantity('ms', { valueName: 'w' }) }],
    },
  },
  {
    name: 'an Observation without a code',
    template: { ...fine, codes: [] },
    found: [['/codes', 'MAPPING_WITHOUT_CODE']],
  },
  {
    name: 'codings without a code',
    template: { ...fine, codes: [{ display: 'Variability' }] },
    found: [['/codes', 'MAPPING_WITHOUT_CODE']],
  },
];

const UNITS: readonly Row[] = [
  {
    name: 'what is no unit, with the one that is meant',
    template: { ...pulse, value: quantity('bpm') },
    found: [['/value/code', 'UCUM_CODE_INVALID', '"/min" is likely meant']],
  },
  {
    name: 'what is no unit, and nobody knows what is meant',
    template: { ...fine, value: quantity('wibble') },
    found: [['/value/code', 'UCUM_CODE_INVALID', 'no UCUM code']],
  },
  {
    name: 'a unit that is another than it looks like',
    template: { ...fine, ...vital, codes: [loinc('8310-5')], value: quantity('C') },
    found: [['/value/code', 'UCUM_CODE_INVALID', 'coulomb; "Cel"']],
  },
  { name: 'words in another system', template: { ...fine, value: quantity('bpm', { system: 'urn:own' }) } },
  {
    name: 'a unit in words only, with the code that is likely meant',
    template: { ...fine, value: { valueType: 'Quantity', valueName: 'v', unit: 'mmHg' } },
    found: [['/value/unit', 'UNIT_INCOMPLETE', 'likely "mm[Hg]"']],
  },
  {
    name: 'a unit in words that is a code',
    template: { ...fine, value: { valueType: 'Quantity', valueName: 'v', unit: 'ms' } },
    found: [['/value/unit', 'UNIT_INCOMPLETE', 'likely "ms"']],
  },
  {
    name: 'a unit in words nobody knows',
    template: { ...fine, value: { valueType: 'Quantity', valueName: 'v', unit: 'wibbles' } },
    found: [['/value/unit', 'UNIT_INCOMPLETE', `"${UCUM}" and its "code" beside it`]],
  },
  { name: 'a Quantity without unit', template: { ...fine, value: { valueType: 'Quantity', valueName: 'v' } } },
  { name: 'samples with a unit in words', template: { ...fine, periodInterval: 60, value: samples({ unit: 'mV' }) } },
  {
    name: 'samples whose unit has a system and no code',
    template: { ...fine, periodInterval: 60, value: samples({ unit: 'mV', system: UCUM }) },
    found: [['/value/system', 'UNIT_INCOMPLETE', 'no code']],
  },
  {
    name: 'samples whose unit stands in their origin',
    template: { ...fine, periodInterval: 60, value: samples({ system: UCUM, origin: { value: 0, code: 'mV' } }) },
  },
  {
    name: 'a code without a system',
    template: { ...fine, value: { valueType: 'Quantity', valueName: 'v', code: 'ms' } },
    found: [['/value/code', 'UNIT_INCOMPLETE', 'no system']],
  },
];

const VITAL_SIGNS: readonly Row[] = [
  { name: 'a heart rate', template: pulse },
  { name: 'a blood pressure', template: pressure },
  {
    name: 'a heart rate without its category',
    template: { ...pulse, category: [] },
    found: [['/codes/0/code', 'VITAL_SIGN_CATEGORY', CATEGORY]],
  },
  {
    name: 'a heart rate of another category',
    template: { ...pulse, category: [{ codes: [{ code: 'activity', system: CATEGORY }] }] },
    found: [['/codes/0/code', 'VITAL_SIGN_CATEGORY']],
  },
  {
    name: 'a vital sign beside another category',
    template: { ...pulse, category: [{ codes: [{ code: 'activity', system: CATEGORY }] }, ...vital.category] },
  },
  {
    name: 'a heart rate in another unit',
    template: { ...pulse, value: quantity('Hz') },
    found: [['/value/code', 'VITAL_SIGN_UNIT', '"/min"']],
  },
  {
    name: 'a heart rate whose unit has words only, once',
    template: { ...pulse, value: { valueType: 'Quantity', valueName: 'v', unit: 'beats/minute' } },
    found: [['/value/unit', 'VITAL_SIGN_UNIT', '"/min"']],
  },
  {
    name: 'a heart rate without a unit',
    template: { ...pulse, value: { valueType: 'Quantity', valueName: 'v' } },
    found: [['/value', 'VITAL_SIGN_UNIT', '"/min"']],
  },
  {
    name: 'a heart rate whose unit is of another system',
    template: { ...pulse, value: quantity('/min', { system: 'urn:own' }) },
    found: [['/value/system', 'VITAL_SIGN_UNIT', UCUM]],
  },
  ...['Cel', '[degF]'].map((code): Row => ({
    name: `a temperature in ${code}`,
    template: { ...fine, ...vital, codes: [loinc('8310-5')], value: quantity(code) },
  })),
  {
    name: 'hourly samples of a heart rate',
    template: { ...pulse, periodInterval: 60, value: samples() },
    found: [['/value/valueType', 'VITAL_SIGN_VALUE', 'asks for a Quantity']],
  },
  {
    name: 'a heart rate in words',
    template: { ...pulse, value: { valueType: 'String', valueName: 'v' } },
    found: [['/value/valueType', 'VITAL_SIGN_VALUE', 'String']],
  },
  {
    name: 'hourly samples that have another code',
    template: {
      ...fine,
      periodInterval: 60,
      codes: [{ code: '149546', system: 'urn:iso:std:iso:11073:10101' }],
      value: samples(),
    },
  },
  {
    name: 'a blood pressure with a value of its own',
    template: { ...pressure, value: quantity('mm[Hg]') },
    found: [['/value', 'VITAL_SIGN_VALUE', 'no value of its own']],
  },
  {
    name: 'a blood pressure without its diastolic part',
    template: { ...pressure, components: pressure.components.slice(0, 1) },
    found: [['/codes/0/code', 'VITAL_SIGN_COMPONENT', '8462-4']],
  },
  {
    name: 'a systolic pressure in another unit',
    template: { ...pressure, components: [component('8480-6', { valueName: 's', code: 'kPa' }), component('8462-4')] },
    found: [['/components/0/value/code', 'VITAL_SIGN_UNIT', '"mm[Hg]"']],
  },
  {
    name: 'samples of a diastolic pressure',
    template: {
      ...pressure,
      periodInterval: 60,
      components: [{ codes: [loinc('8462-4')], value: samples() }, component('8480-6', { valueName: 's' })],
    },
    found: [
      ['/components/0/value/valueType', 'VITAL_SIGN_VALUE'],
      ['/components/1/value/valueType', 'LAST_VALUE_WINS'],
    ],
  },
  {
    name: 'a systolic pressure of its own',
    template: { ...fine, codes: [loinc('8480-6')], value: quantity('mm[Hg]') },
    found: [['/codes/0/code', 'VITAL_SIGN_CODE', '85354-9']],
  },
  {
    name: 'the parts of a blood pressure under another code, once',
    template: { ...pressure, codes: [loinc('80404-7')] },
    found: [['/components/0/codes/0/code', 'VITAL_SIGN_CODE', '85354-9']],
  },
  {
    name: 'an oxygen saturation by pulse oximetry alone',
    template: { ...fine, ...vital, codes: [loinc('59408-5')], value: quantity('%') },
    found: [['/codes/0/code', 'VITAL_SIGN_CODE', '2708-6']],
  },
  {
    name: 'an oxygen saturation by pulse oximetry, beside the code of the profile',
    template: { ...fine, ...vital, codes: [loinc('2708-6'), loinc('59408-5')], value: quantity('%') },
  },
];

const MISTAKEN: readonly Row[] = [
  {
    name: 'a code whose display is that of another vital sign',
    template: { ...pulse, codes: [loinc('8867-4', 'Respiratory rate')] },
    found: [['/codes/0/code', 'VITAL_SIGN_MISTAKEN', 'respiratory rate, and 8867-4 is the LOINC code of heart rate']],
  },
  {
    name: 'the code of the heart rate on a diastolic pressure, as in the samples of the original',
    template: {
      ...pressure,
      components: [
        component('8480-6', { valueName: 'systolic' }),
        {
          codes: [loinc('8867-4', 'Diastolic blood pressure')],
          value: quantity('mm[Hg]', { valueName: 'diastolic' }),
        },
      ],
    },
    found: [
      ['/codes/0/code', 'VITAL_SIGN_COMPONENT', '8462-4'],
      ['/components/1/codes/0/code', 'VITAL_SIGN_MISTAKEN', 'diastolic blood pressure'],
    ],
  },
  {
    name: 'a whole coding copied to another value',
    template: {
      ...fine,
      components: [
        { codes: [loinc('8867-4', 'Heart rate')], value: quantity('mm[Hg]', { valueName: 'diastolicPressure' }) },
      ],
    },
    found: [['/components/0/codes/0/code', 'VITAL_SIGN_MISTAKEN', '"diastolicPressure"']],
  },
  {
    name: 'a code that is not that of its type',
    template: { ...pulse, typeName: 'bodyWeight' },
    found: [['/codes/0/code', 'VITAL_SIGN_MISTAKEN', '"bodyWeight" names body weight']],
  },
  ...(
    [
      ['8867-4', 'pulse_rate', 'HeartRate', '/min'],
      ['8867-4', 'Heart rate variability is another', 'hr', '/min'],
      ['2708-6', 'Oxygen saturation by Pulse oximetry', 'SpO2', '%'],
      ['2708-6', 'O2', 'pulseOx', '%'],
      ['9279-1', 'Breaths per minute', 'bpm', '/min'],
      ['8310-5', 'Temp', 'skinTemperature', 'Cel'],
      ['39156-5', 'BMI', 'bmi', 'kg/m2'],
      ['29463-7', 'Weight', 'kilograms', 'kg'],
    ] as const
  ).map(([code, display, valueName, unit]): Row => ({
    name: `${code} that is called ${display} and ${valueName}`,
    template: { ...fine, ...vital, codes: [loinc(code, display)], value: quantity(unit, { valueName }) },
  })),
  {
    name: 'a type that is named after more than its code says',
    template: {
      ...fine,
      ...vital,
      typeName: 'weight',
      codes: [loinc('39156-5')],
      value: quantity('kg/m2', { valueName: 'bmi' }),
    },
  },
  {
    name: 'a blood pressure that is named after its parts',
    template: {
      ...pressure,
      typeName: 'systolicDiastolic',
      codes: [loinc('85354-9', 'Systolic and diastolic pressure')],
    },
  },
  { name: 'another code that is named after a vital sign', template: { ...fine, typeName: 'heartRate' } },
];

const PERIODS: readonly Row[] = [
  { name: 'hourly samples', template: { ...fine, periodInterval: 60, value: samples() } },
  {
    name: 'samples of single readings',
    template: { ...fine, value: samples() },
    found: [['/value/valueType', 'SAMPLED_DATA_OF_AN_INSTANT']],
  },
  { name: 'samples of a strip', template: { ...fine, periodInterval: -1, value: samples({ defaultPeriod: 4 }) } },
  {
    name: 'samples at a period that does not divide an hour',
    template: { ...fine, periodInterval: 'hour', value: samples({ defaultPeriod: '7000' }) },
    found: [['/value/defaultPeriod', 'SAMPLE_PERIOD_UNEVEN', '515 samples']],
  },
  {
    name: 'samples further apart than an hour',
    template: { ...fine, periodInterval: 60, value: samples({ defaultPeriod: 7_200_000 }) },
    found: [['/value/defaultPeriod', 'SAMPLE_PERIOD_UNEVEN', 'one hour']],
  },
  { name: 'an hour apart', template: { ...fine, periodInterval: 60, value: samples({ defaultPeriod: 3_600_000 }) } },
  {
    name: 'two hours apart, of a day',
    template: { ...fine, periodInterval: 1440, value: samples({ defaultPeriod: 7_200_000 }) },
  },
  {
    name: 'a day at 4 ms',
    template: { ...fine, periodInterval: 1440, value: samples({ defaultPeriod: 4 }) },
    found: [['/value/defaultPeriod', 'SAMPLES_TOO_MANY', '21600000 samples']],
  },
  {
    name: 'an hour with a sample more than certainly fits',
    template: { ...fine, periodInterval: 60, value: samples({ defaultPeriod: '13.7329' }) },
    found: [
      ['/value/defaultPeriod', 'SAMPLE_PERIOD_UNEVEN'],
      ['/value/defaultPeriod', 'SAMPLES_TOO_MANY', '262145 samples'],
    ],
  },
  {
    name: 'an hour with as many samples as fit',
    template: { ...fine, periodInterval: 60, value: samples({ defaultPeriod: 13.74 }) },
    found: [['/value/defaultPeriod', 'SAMPLE_PERIOD_UNEVEN']],
  },
  ...[60, 1440, -1].flatMap((periodInterval): Row[] => [
    {
      name: `a Quantity of the interval ${periodInterval}`,
      template: { ...fine, periodInterval },
      // What a correlation id joins are mostly the parts of one measurement.
      ...(periodInterval === -1 ? {} : { found: [['/value/valueType', 'LAST_VALUE_WINS']] }),
    },
    {
      name: `a concept of the interval ${periodInterval}`,
      template: { ...fine, periodInterval, value: { valueType: 'CodeableConcept', valueName: 'v', text: 'worn' } },
    },
  ]),
  {
    name: 'a String of an hour, in a component',
    template: {
      ...fine,
      periodInterval: 60,
      value: undefined,
      components: [{ codes: [], value: { valueType: 'String', valueName: 'v' } }],
    },
    found: [['/components/0/value/valueType', 'LAST_VALUE_WINS']],
  },
  {
    name: 'a code that is itself of a day',
    template: {
      ...fine,
      periodInterval: 1440,
      codes: [loinc('41950-7', 'Number of steps in 24 hour Measured')],
      value: quantity('{steps}'),
    },
  },
  {
    name: 'a code that is itself of a day, of an hour',
    template: {
      ...fine,
      periodInterval: 60,
      codes: [loinc('41950-7', 'Number of steps in 24 hour Measured')],
      value: quantity('{steps}'),
    },
    found: [['/value/valueType', 'LAST_VALUE_WINS']],
  },
  {
    name: 'neither value nor components',
    template: { ...fine, value: undefined },
    found: [['/typeName', 'MAPPING_WITHOUT_VALUE']],
  },
  {
    name: 'two components of one value',
    template: {
      ...fine,
      value: undefined,
      components: ['urn:a', 'urn:b'].map((system) => ({ codes: [{ code: 'c', system }], value: quantity('ms') })),
    },
    found: [['/components/1/value/valueName', 'COMPONENT_NAME_REPEATED']],
  },
];

describe.each([
  { about: 'codes', rows: CODES },
  { about: 'units', rows: UNITS },
  { about: 'vital signs', rows: VITAL_SIGNS },
  { about: 'mistaken vital signs', rows: MISTAKEN },
  { about: 'periods and values', rows: PERIODS },
])('of $about', ({ rows }) => {
  test.each(rows.filter(({ found }) => found === undefined))('lets pass $name', ({ template }) => {
    expect(findingsOf(template)).toEqual([]);
  });

  test.each(rows.filter(({ found }) => found !== undefined))('finds $name', ({ template, found = [] }) => {
    const expected = found.map(([at, code, words = '']) => ({ at, code, message: expect.stringContaining(words) }));
    expect(findingsOf(template)).toEqual(expected);
  });

  test.each(rows)('and each row loads: $name', ({ template }) => {
    expect(loadFhirMapping(mappingText(template))).toMatchObject({ ok: true });
  });
});

function contentText(...templates: object[]): string {
  const expressions = { typeMatchExpression: '$..[?(@v)]', deviceIdExpression: '$.d', timestampExpression: '$.t' };
  return JSON.stringify({
    templateType: 'CollectionContent',
    template: templates.map((template) => ({
      templateType: 'CalculatedContent',
      template: { ...expressions, ...template },
    })),
  });
}

const measured = (typeName: string, ...valueNames: string[]) => ({
  typeName,
  values: valueNames.map((valueName) => ({ valueName, valueExpression: '$.v' })),
});

describe('of both files', () => {
  test.each([
    { name: 'a pair that fits', content: [measured('X', 'v')], mapping: [fine] },
    {
      name: 'values that two templates of a type make together',
      content: [measured('x', 'v'), measured('x', 'w')],
      mapping: [{ ...fine, components: [component('20564-1', { valueName: 'w' })] }],
    },
    {
      name: 'a type that is not mapped, and one that is not measured',
      content: [measured('stepsCount', 'v')],
      mapping: [{ ...fine, typeName: 'stepCount' }],
      deviceContent: [['/typeName', 'TYPE_NOT_MAPPED', 'is "stepCount" meant?']],
      fhirMapping: [['/typeName', 'TYPE_NOT_MEASURED', 'is "stepsCount" meant?']],
    },
    {
      name: 'values that differ in case',
      content: [measured('x', 'V')],
      mapping: [fine],
      deviceContent: [['/values/0/valueName', 'VALUE_NOT_MAPPED', '"v" differs in case']],
      fhirMapping: [['/value/valueName', 'VALUE_NOT_MEASURED', '"V" differs in case']],
    },
    {
      name: 'values without partner',
      content: [measured('x', 'v', 'battery')],
      mapping: [{ ...fine, components: [component('20564-1', { valueName: 'saturation' })] }],
      deviceContent: [['/values/1/valueName', 'VALUE_NOT_MAPPED', '"battery"']],
      fhirMapping: [['/components/0/value/valueName', 'VALUE_NOT_MEASURED', '"saturation"']],
    },
    {
      name: 'a correlation id that is grouped by and not measured',
      content: [measured('x', 'v')],
      mapping: [{ ...fine, periodInterval: -1, value: samples() }],
      deviceContent: [['/typeName', 'CORRELATION_ID_NOT_MEASURED', 'correlationIdExpression']],
    },
    {
      name: 'a correlation id whose expression is null',
      content: [{ ...measured('x', 'v'), correlationIdExpression: null }],
      mapping: [{ ...fine, periodInterval: -1, value: samples() }],
      deviceContent: [['/typeName', 'CORRELATION_ID_NOT_MEASURED']],
    },
    {
      name: 'a correlation id that is measured',
      content: [{ ...measured('x', 'v'), correlationIdExpression: { value: 'id', language: 'JmesPath' } }],
      mapping: [{ ...fine, periodInterval: -1, value: samples() }],
    },
  ] as const)('$name', ({ content, mapping, ...found }) => {
    const texts = { deviceContent: contentText(...content), fhirMapping: mappingText(...mapping) };
    expect(loadDeviceContent(texts.deviceContent)).toMatchObject({ ok: true });
    const { deviceContent, fhirMapping } = lintTemplates(texts);
    const { deviceContent: inContent = [], fhirMapping: inMapping = [] } = found as Partial<
      Record<'deviceContent' | 'fhirMapping', readonly (readonly [string, string, string?])[]>
    >;
    const expected = (rows: readonly (readonly [string, string, string?])[]) =>
      rows.map(([at, code, words = '']) => ({
        severity: 'warning',
        code,
        pointer: `/template/0/template${at}`,
        message: expect.stringContaining(words),
      }));
    expect(deviceContent).toMatchObject(expected(inContent));
    expect(fhirMapping).toMatchObject(expected(inMapping));
  });

  test('are asked for only when both can be read', () => {
    const content = contentText(measured('y', 'v'));
    expect(lintTemplates({ deviceContent: content }).deviceContent).toEqual([]);
    expect(lintTemplates({ deviceContent: content, fhirMapping: '{' }).deviceContent).toEqual([]);
  });
});

test.each(readdirSync(SAMPLES))('finds nothing in the sample %s', (sample) => {
  const deviceContent = sampleText(sample, 'devicecontent.json');
  const fhirMapping = sampleText(sample, 'fhirmapping.json');
  expect(lintTemplates({ deviceContent, fhirMapping })).toEqual({ deviceContent: [], fhirMapping: [] });
});

test('says where in the file it found something, in its order', () => {
  const text = `{ "templateType": "CollectionFhir", "template": [
    { "templateType": "codevaluefhirTEMPLATE", // read in any case
      "template": {
        "TypeName": "x",
        "Codes": [{ "CODE": "80404-8", "system": "https://loinc.org" }],
        "value": { "valueType": "quantity", "valueName": "v" } } } ] }`;
  expect(lintTemplates({ fhirMapping: text }).fhirMapping).toMatchObject([
    {
      code: 'LOINC_CODE_INVALID',
      severity: 'warning',
      pointer: '/template/0/template/Codes/0/CODE',
      line: 5,
      column: 29,
    },
    { code: 'CODE_SYSTEM_MISSPELT', line: 5, column: 50 },
  ]);
});
