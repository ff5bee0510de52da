import { describe, expect, test } from '@jest/globals';
import type { Loaded } from '../../../core/template-issue.ts';
import { CONTENT_LANGUAGE } from '../../../templates/device-content/content-language.ts';
import type { ContentLanguage } from '../../../templates/device-content/content-language.ts';
import { deviceContentSchema } from '../../../templates/device-content/content-schema.ts';
import type { DeviceContent } from '../../../templates/device-content/load.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { MAPPING_KINDS } from '../../../templates/fhir-mapping/mapping-kinds.ts';
import { fhirMappingSchema } from '../../../templates/fhir-mapping/mapping-schema.ts';
import { IDS, instant, measured } from '../../support/fhir-mapping.ts';
import { flagFhir } from '../../support/flag-fhir.ts';
import { flatContent, toCelsius } from '../../support/flat-content.ts';

const language: ContentLanguage = {
  kinds: [...CONTENT_LANGUAGE.kinds, flatContent],
  functions: new Map([...CONTENT_LANGUAGE.functions, ['toCelsius', toCelsius]]),
};

const load = (templateType: string, template: object): Loaded<DeviceContent> =>
  loadDeviceContent(
    JSON.stringify({ templateType: 'CollectionContent', template: [{ templateType, template }] }),
    language,
  );

function valuesOf(loaded: Loaded<DeviceContent>, Body: Record<string, string | number>) {
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.issues));
  const message = { Body, Properties: {}, SystemProperties: {} };
  return loaded.template.normalize(message, { enqueuedAt: '2024-01-01T00:00:00Z' });
}

describe('a template type of one’s own', () => {
  const flat = { typeName: 'flat', device: 'id', time: 'at', names: ['pulse', "it's"] };

  test('reads messages', () => {
    const body = { id: 'd', at: '2024-03-01T08:00:00Z', pulse: 72, "it's": 'odd', other: 1 };
    expect(valuesOf(load('flatcontent', flat), body)).toMatchObject([
      {
        type: 'flat',
        deviceId: 'd',
        properties: [
          { name: 'pulse', value: '72' },
          { name: "it's", value: 'odd' },
        ],
      },
    ]);
  });

  test('reports what is wrong, at its place', () => {
    expect(load('FlatContent', { ...flat, device: ' ', extra: 1 })).toMatchObject({
      ok: false,
      issues: [
        { code: 'TEMPLATE_MEMBER_BLANK', pointer: '/template/0/template/device' },
        { code: 'TEMPLATE_MEMBER_UNKNOWN', pointer: '/template/0/template/extra' },
      ],
    });
  });

  test('names itself and its member in the failure of a message', () => {
    const loaded = load('FlatContent', flat);
    expect(() => valuesOf(loaded, { id: 'd', at: 'soon' })).toThrow(
      expect.objectContaining({
        code: 'TIMESTAMP_UNREADABLE',
        details: expect.objectContaining({ typeName: 'flat', member: 'time' }),
      }),
    );
  });

  test('is part of the schema, and of the words for an unknown type', () => {
    expect(deviceContentSchema(language)).toHaveProperty('$defs.FlatContent.properties.device');
    expect(load('Surprise', {}).issues[0]?.message).toContain('"FlatContent"');
  });

  test('is not known where it is not registered', () => {
    const text = JSON.stringify({
      templateType: 'CollectionContent',
      template: [{ templateType: 'FlatContent', template: flat }],
    });
    expect(loadDeviceContent(text)).toMatchObject({ ok: false, issues: [{ code: 'TEMPLATE_TYPE_UNKNOWN' }] });
  });
});

describe('a function of one’s own', () => {
  const calculated = (value: string) => ({
    typeName: 't',
    typeMatchExpression: '$.Body',
    deviceIdExpression: '$.Body.id',
    timestampExpression: '$.Body.at',
    values: [{ valueName: 'temperature', valueExpression: { value, language: 'JmesPath' } }],
  });

  test('can be called', () => {
    const body = { id: 'd', at: '2024-03-01T08:00:00Z', fahrenheit: 98.6 };
    expect(valuesOf(load('CalculatedContent', calculated('toCelsius(Body.fahrenheit)')), body)).toMatchObject([
      { properties: [{ name: 'temperature', value: '37' }] },
    ]);
  });

  test('has its arguments counted when the template is loaded', () => {
    expect(load('CalculatedContent', calculated('toCelsius(a, b)')).issues).toMatchObject([
      { code: 'EXPRESSION_SYNTAX', message: expect.stringContaining('toCelsius() takes 1 argument, not 2') },
    ]);
  });

  test('fails a message by its argument’s kind, without showing it', () => {
    const loaded = load('CalculatedContent', calculated('toCelsius(Body.secret)'));
    expect(() => valuesOf(loaded, { id: 'd', at: '2024-03-01T08:00:00Z', secret: 'secret' })).toThrow(
      expect.objectContaining({ code: 'EXPRESSION_FAILED', message: expect.stringContaining('takes a number') }),
    );
  });
});

describe('a template type of one’s own, of the FHIR mapping', () => {
  const kinds = [...MAPPING_KINDS, flagFhir];
  const mapping = (template: object): string =>
    JSON.stringify({ templateType: 'CollectionFhir', template: [{ templateType: 'flagfhirtemplate', template }] });
  const fall = { typeName: 'fall', codes: [{ code: 'fall' }] };

  test('decides which resource measurements become', () => {
    const loaded = loadFhirMapping(mapping(fall), {}, kinds);
    const template = loaded.ok ? loaded.template.forType('Fall') : undefined;
    const groups = template?.group([measured(0, {}), measured(1, {})]) ?? [];
    expect(groups.map((group) => template?.create(group, IDS, instant(9)))).toMatchObject([
      { resourceType: 'Flag', period: { start: '2024-03-01T08:00:00.0000000Z' } },
      { resourceType: 'Flag', period: { start: '2024-03-01T08:00:01.0000000Z' } },
    ]);
  });

  test('reports what is wrong, at its place', () => {
    expect(loadFhirMapping(mapping({ ...fall, codes: [{ kode: '' }] }), {}, kinds)).toMatchObject({
      ok: false,
      issues: [{ code: 'TEMPLATE_MEMBER_UNKNOWN', pointer: '/template/0/template/codes/0/kode' }],
    });
  });

  test('is part of the schema, and of the words for an unknown type', () => {
    expect(fhirMappingSchema(kinds)).toHaveProperty('$defs.FlagFhir.properties.codes');
    const text = mapping(fall).replace('flagfhir', 'surprise');
    expect(loadFhirMapping(text, {}, kinds).issues[0]?.message).toContain('CodeValueFhir or FlagFhir');
  });

  test('is not known where it is not registered', () => {
    expect(loadFhirMapping(mapping(fall))).toMatchObject({ ok: false, issues: [{ code: 'TEMPLATE_TYPE_UNKNOWN' }] });
  });
});
