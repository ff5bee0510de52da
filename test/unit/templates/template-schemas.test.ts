import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readdirSync } from 'node:fs';
import type { Loaded } from '../../../core/template-issue.ts';
import type { MappingCase } from '../../../templates/cases/mapping-case.ts';
import { deviceContentSchema } from '../../../templates/device-content/content-schema.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { fhirMappingSchema } from '../../../templates/fhir-mapping/mapping-schema.ts';
import { readTemplateFile } from '../../../templates/template-file.ts';
import { conformanceCases } from '../../support/conformance-cases.ts';
import { COMPONENT_CONSTANTS, CONSTANTS } from '../../support/fhir-constants.ts';
import { variants } from '../../support/json-variants.ts';
import { SAMPLES, sampleText } from '../../support/sample-cases.ts';

/** A template file's language: how it is loaded, and what its schema says of a text. */
interface Language {
  readonly load: (text: string) => Loaded<unknown>;
  readonly accepts: (text: string) => boolean;
}

function language(load: Language['load'], schema: object): Language {
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
  return { load, accepts: (text) => validate(readTemplateFile(text).root?.value) };
}

const DEVICE_CONTENT = language(loadDeviceContent, deviceContentSchema());
const FHIR_MAPPING = language(loadFhirMapping, fhirMappingSchema());

/** Names of members in another case are read; a schema knows one spelling. */
const IN_ANOTHER_CASE = [
  'template-root-member-names-case-insensitive',
  'template-calculated-member-names-case-insensitive',
];

/** What only the loader can see: expressions, what comes twice, and what depends on more than one member. */
const LOADER_CODES = ['EXPRESSION_SYNTAX', 'TEMPLATE_TYPE_NAME_REPEATED', 'TEMPLATE_SYNTAX'];
const LOADER_CASES = ['flow-legacy-empty-value-expression-required'];

function textOf(each: MappingCase): string {
  const source = each.kind === 'normalization' ? each.template : each.kind === 'transform' ? each.mapping : undefined;
  if (source === undefined || !('text' in source)) throw new RangeError('Expected a template as text');
  return source.text;
}

const bank = [
  ...['normalize.json', 'normalize-quirks.json'].map((file) => ({ file, of: DEVICE_CONTENT })),
  ...['fhir.json', 'fhir-quirks.json'].map((file) => ({ file, of: FHIR_MAPPING })),
].flatMap(({ file, of }) =>
  conformanceCases(file).map(({ name, each }) => ({ name, of, text: textOf(each), loaded: of.load(textOf(each)) })),
);

describe('the schemas accept', () => {
  test.each(readdirSync(SAMPLES))('the sample %s', (sample) => {
    expect(DEVICE_CONTENT.accepts(sampleText(sample, 'devicecontent.json'))).toBe(true);
    expect(FHIR_MAPPING.accepts(sampleText(sample, 'fhirmapping.json'))).toBe(true);
  });

  test('every file of the case bank that is loaded, but for names in another case', () => {
    const refused = bank.filter(({ of, text, loaded }) => loaded.ok && !of.accepts(text)).map(({ name }) => name);
    expect(refused).toEqual(bank.length === 0 ? [] : IN_ANOTHER_CASE);
  });
});

describe('the schemas refuse', () => {
  test('every file of the case bank that is not loaded, but for what only the loader can see', () => {
    const accepted = bank.filter(({ name, of, text, loaded }) => {
      if (loaded.ok || LOADER_CASES.includes(name)) return false;
      const codes = loaded.issues.flatMap(({ severity, code }) => (severity === 'error' ? [code] : []));
      return of.accepts(text) && !codes.every((code) => LOADER_CODES.includes(code));
    });
    expect(accepted.map(({ name }) => name)).toEqual([]);
  });
});

const CODES = [{ code: 'c', system: 's', display: 'd' }];
const CONTENT = {
  typeName: 't',
  typeMatchExpression: '$.a',
  deviceIdExpression: '$.b',
  timestampExpression: '$.c',
  patientIdExpression: '$.d',
  values: [{ valueName: 'v', valueExpression: '$.e', required: true }],
};
const wholeMapping = (value: object) => ({
  typeName: 't',
  periodInterval: 60,
  codes: CODES,
  category: [{ text: 'x', codes: CODES }],
  value: { valueName: 'v', ...value },
  components: [{ codes: CODES, value: { valueName: 'w', ...value } }],
});

const FILES = [
  ...['CalculatedContent', 'JsonPathContent', 'IotJsonPathContent', 'IotCentralJsonPathContent'].map(
    (templateType) => ({
      name: templateType,
      of: DEVICE_CONTENT,
      file: { templateType: 'CollectionContent', body: 'lenient', template: [{ templateType, template: CONTENT }] },
    }),
  ),
  {
    name: 'expressions that name their language',
    of: DEVICE_CONTENT,
    file: {
      templateType: 'CollectionContent',
      template: [
        {
          templateType: 'CalculatedContent',
          template: {
            ...CONTENT,
            defaultExpressionLanguage: 'JsonPath',
            deviceIdExpression: { value: 'b', language: 'JmesPath' },
          },
        },
      ],
    },
  },
  ...[
    { valueType: 'Quantity', unit: 'u', system: 's', code: 'c' },
    { valueType: 'SampledData', unit: 'u', defaultPeriod: 1000 },
    {
      name: 'SampledData with all its constants',
      valueType: 'SampledData',
      defaultPeriod: 1000,
      unit: 'u',
      system: 's',
      code: 'c',
      origin: 5,
      factor: '-0.50',
      // Wide enough for whatever number takes the place of one of them.
      lowerLimit: -1,
      upperLimit: 100,
    },
    {
      name: 'SampledData with an origin as FHIR writes one',
      valueType: 'SampledData',
      defaultPeriod: 1000,
      origin: { value: '5.0', unit: 'u', system: 's', code: 'c' },
    },
    { valueType: 'String' },
    { valueType: 'CodeableConcept', text: 't', codes: CODES },
    { valueType: 'Boolean' },
    { valueType: 'Integer' },
    { valueType: 'DateTime' },
  ].map(({ name, ...value }) => ({
    name: name ?? value.valueType,
    of: FHIR_MAPPING,
    file: {
      templateType: 'CollectionFhir',
      template: [{ templateType: 'CodeValueFhir', template: wholeMapping(value) }],
    },
  })),
  ...[
    {
      name: 'constants',
      template: {
        ...CONSTANTS,
        components: [{ codes: [], value: { valueType: 'String', valueName: 'v' }, ...COMPONENT_CONSTANTS }],
      },
    },
    { name: 'an effectiveDateTime', template: { effectiveDateTime: true, periodInterval: 'Single' } },
    { name: 'no effectiveDateTime', template: { effectiveDateTime: false, periodInterval: 60 } },
  ].map(({ name, template }) => ({
    name,
    of: FHIR_MAPPING,
    file: {
      templateType: 'CollectionFhir',
      template: [{ templateType: 'CodeValueFhir', template: { typeName: 't', codes: [], ...template } }],
    },
  })),
];

/** Where the schema is content with less than the loader, because it depends on more than one member. */
const LOADER_ONLY_VARIANTS: Readonly<Record<string, RegExp>> = {
  // A value that is required may not be blank in the JSONPath types either.
  JsonPathContent: /valueExpression = "\s*"$/,
  IotJsonPathContent: /valueExpression = "\s*"$/,
  IotCentralJsonPathContent: /valueExpression = "\s*"$/,
};

describe.each(FILES)('of a file with $name', ({ name, of, file }) => {
  test('the schema says what the loader says, whatever a member holds', () => {
    expect(of.load(JSON.stringify(file))).toMatchObject({ ok: true });
    const disagreements = [{ at: 'the file as it is', value: file }, ...variants(file)].filter(({ at, value }) => {
      if (value === undefined || LOADER_ONLY_VARIANTS[name]?.test(at)) return false;
      const text = JSON.stringify(value);
      const loaded = of.load(text);
      const codes = loaded.issues.flatMap(({ severity, code }) => (severity === 'error' ? [code] : []));
      const isLoaders = codes.length > 0 && codes.every((code) => LOADER_CODES.includes(code));
      return !isLoaders && of.accepts(text) !== loaded.ok;
    });
    expect(disagreements.map(({ at }) => at)).toEqual([]);
  });
});
