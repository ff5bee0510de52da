import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import type { DeviceContent } from '../../../templates/device-content/load.ts';

const context = { enqueuedAt: '2024-05-06T07:08:09.1Z' };

function load(...elements: object[]): DeviceContent {
  const loaded = loadDeviceContent(JSON.stringify({ templateType: 'CollectionContent', template: elements }));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues));
  return loaded.template;
}

const element = (templateType: string, template: object) => ({
  templateType,
  template: { typeName: 'pulse', ...template },
});

const event = (
  Body: JsonValue,
  more: Partial<Record<'Properties' | 'SystemProperties', JsonObject>> = {},
): JsonObject => ({
  Body,
  Properties: {},
  SystemProperties: {},
  ...more,
});

const calculated = element('CalculatedContent', {
  typeMatchExpression: '$..[?(@pulse)]',
  deviceIdExpression: '$.Body.id',
  timestampExpression: { value: 'matchedToken.at || Body.at', language: 'JmesPath' },
  correlationIdExpression: '$.Body.session',
  patientIdExpression: '$.Body.patient',
  encounterIdExpression: '$.Properties.encounter',
  values: [
    { valueName: 'pulse', valueExpression: '$.matchedToken.pulse', required: true },
    { valueName: 'unit', valueExpression: '$.matchedToken.unit' },
  ],
});

const at = '2024-05-06T07:00:00Z';

describe('normalization', () => {
  test('reads a measurement of each match, in the order of templates and matches', () => {
    const body = {
      id: 'd',
      at,
      session: 7,
      readings: [{ pulse: 60 }, { pulse: 61, at: '2024-05-06T07:00:05Z', unit: '' }],
    };
    const types = load(calculated, { ...calculated, template: { ...calculated.template, typeName: 'again' } })
      .normalize(event(body), context)
      .map(({ type, occurrenceTimeUtc, properties }) => [type, occurrenceTimeUtc, properties]);
    const first = [at, [{ name: 'pulse', value: '60' }]];
    const second = [
      '2024-05-06T07:00:05Z',
      [
        { name: 'pulse', value: '61' },
        { name: 'unit', value: '' },
      ],
    ];
    expect(types).toEqual([
      ['pulse', ...first],
      ['pulse', ...second],
      ['again', ...first],
      ['again', ...second],
    ]);
  });

  test('keeps the ids a message carries, as text, and when the hub took it in', () => {
    const body = { id: 9007199254740993n, at, session: true, patient: '2024-01-01T00:00:00.000Z', pulse: 60.5 };
    expect(load(calculated).normalize(event(body, { Properties: { encounter: ' e ' } }), context)).toEqual([
      {
        type: 'pulse',
        deviceId: '9007199254740993',
        occurrenceTimeUtc: at,
        ingestionTimeUtc: '2024-05-06T07:08:09.1Z',
        correlationId: 'True',
        patientId: '2024-01-01T00:00:00.000Z',
        encounterId: ' e ',
        properties: [{ name: 'pulse', value: '60.5' }],
      },
    ]);
  });

  test('matches nothing in silence', () => {
    expect(load(calculated).normalize(event(null), context)).toEqual([]);
  });

  test('lets the match stand for the root in the JSONPath kinds', () => {
    const content = load(
      element('JsonPathContent', {
        typeMatchExpression: '$.Body.list[*]',
        deviceIdExpression: '$.id',
        timestampExpression: '$.at',
        values: [{ valueName: 'all', valueExpression: '$..pulse' }],
      }),
    );
    const [measurement] = content.normalize(
      event({ id: 'not me', list: [{ id: 'd', at: '07:30', pulse: 1 }] }),
      context,
    );
    expect(measurement).toMatchObject({ deviceId: 'd', occurrenceTimeUtc: '2024-05-06T07:30:00Z' });
  });

  test.each([
    { name: 'its creation', Properties: { 'iothub-creation-time-utc': '2024-01-01' }, time: '2024-01-01T00:00:00Z' },
    { name: 'its arrival when there is none', Properties: {}, time: '2024-02-02T00:00:00Z' },
    {
      name: 'its arrival when it cannot be read',
      Properties: { 'iothub-creation-time-utc': 'x' },
      time: '2024-02-02T00:00:00Z',
    },
  ])('takes as the time of an IoT Hub message $name', ({ Properties, time }) => {
    const content = load(element('IotJsonPathContent', { typeMatchExpression: '$..[?(@Body.pulse)]' }));
    const SystemProperties = { 'iothub-connection-device-id': 'd', 'iothub-enqueuedtime': '2024-02-02' };
    expect(
      content.normalize(event({ pulse: 1 }, { Properties: { ...Properties }, SystemProperties }), context),
    ).toMatchObject([{ deviceId: 'd', occurrenceTimeUtc: time }]);
  });

  test('reads IoT Central messages', () => {
    const content = load(
      element('IotCentralJsonPathContent', {
        typeMatchExpression: '$..[?(@telemetry.pulse)]',
        values: [{ valueName: 'pulse', valueExpression: '$.telemetry.pulse' }],
      }),
    );
    const body = { deviceId: 'd', enqueuedTime: at, telemetry: { pulse: 60 } };
    expect(content.normalize(event(body), context)).toMatchObject([{ deviceId: 'd', occurrenceTimeUtc: at }]);
  });
});

describe('a message fails as a whole, with its place and without its values', () => {
  const good = { id: 'secret', at, session: 's', pulse: 60 };
  test.each<{ name: string; body: JsonObject; code: string; member: string }>([
    { name: 'no device', body: { ...good, id: null }, code: 'REQUIRED_VALUE_MISSING', member: 'deviceIdExpression' },
    {
      name: 'a blank device',
      body: { ...good, id: ' ' },
      code: 'REQUIRED_VALUE_MISSING',
      member: 'deviceIdExpression',
    },
    {
      name: 'a device that is an object',
      body: { ...good, id: {} },
      code: 'REQUIRED_VALUE_UNUSABLE',
      member: 'deviceIdExpression',
    },
    {
      name: 'a time that is none',
      body: { ...good, at: 'secret' },
      code: 'TIMESTAMP_UNREADABLE',
      member: 'timestampExpression',
    },
    {
      name: 'a time that is a number',
      body: { ...good, at: 5 },
      code: 'TIMESTAMP_UNREADABLE',
      member: 'timestampExpression',
    },
    {
      name: 'no correlation',
      body: { ...good, session: null },
      code: 'REQUIRED_VALUE_MISSING',
      member: 'correlationIdExpression',
    },
    {
      name: 'no required value',
      body: { ...good, pulse: null },
      code: 'REQUIRED_VALUE_MISSING',
      member: 'values[0].valueExpression',
    },
    {
      name: 'an optional number beyond 64 bits',
      body: { ...good, unit: 2n ** 64n },
      code: 'NUMBER_TOO_LARGE',
      member: 'values[1].valueExpression',
    },
    {
      name: 'a number beyond a double',
      body: { ...good, unit: Infinity },
      code: 'NUMBER_TOO_LARGE',
      member: 'values[1].valueExpression',
    },
  ])('$name', ({ body, code, member }) => {
    const content = load(calculated);
    const normalize = () => content.normalize(event(body), context);
    expect(normalize).toThrow(
      expect.objectContaining({
        code,
        details: { templateIndex: 0, typeName: 'pulse', member, expression: expect.any(String) },
      }),
    );
    expect(normalize).not.toThrow(/secret/);
  });

  test('several values where one is expected', () => {
    const content = load({ ...calculated, template: { ...calculated.template, patientIdExpression: '$..pulse' } });
    expect(() => content.normalize(event(good), context)).toThrow(
      expect.objectContaining({
        code: 'EXPRESSION_MANY_VALUES',
        details: expect.objectContaining({ member: 'patientIdExpression' }),
      }),
    );
  });

  test('more matches than allowed', () => {
    const content = load(calculated);
    const list = Array.from({ length: 10_001 }, () => ({ pulse: 1 }));
    expect(() => content.normalize(event({ ...good, list }), context)).toThrow(
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        details: expect.objectContaining({ member: 'typeMatchExpression' }),
      }),
    );
  });

  test.each([
    { name: 'text', expression: `${Array.from({ length: 40 }, () => '[@, @]').join(' | ')} | to_string(@)` },
    { name: 'list', expression: Array.from({ length: 60 }, () => '[@, @][]').join(' | ') },
    { name: 'joined text', expression: `'x' | ${Array.from({ length: 60 }, () => "join('', [@, @])").join(' | ')}` },
  ])('more steps than allowed, here for a growing $name', ({ expression }) => {
    const content = load(
      element('CalculatedContent', {
        typeMatchExpression: '$.Body',
        deviceIdExpression: { value: expression, language: 'JmesPath' },
        timestampExpression: '$.Body.at',
        values: [],
      }),
    );
    expect(() => content.normalize(event(good), context)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});

test('no message makes normalization throw anything but an IngestError, nor show what it holds', () => {
  const marker = 'Zq7';
  const scalar = fc.oneof(
    fc.constantFrom<JsonValue>(null, true, '', marker, `${marker}\u2028`, at, 2n ** 63n, -(2n ** 64n), 1e300, -0),
    fc.double().map((value): JsonValue => value),
  );
  const name = fc.constantFrom('id', 'at', 'session', 'pulse', 'patient', 'unit', '__proto__', 'matchedToken', '0');
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(name, tie('value')), { maxLength: 6 })
        .map((members): JsonObject => Object.fromEntries(members)),
    ),
  }));
  const functions = [
    'abs(@)',
    'avg(@)',
    'sort(@)',
    'to_string(@)',
    'length(@)',
    'add(@, @)',
    'pow(@, @)',
    'reverse(@)',
    'merge(@, @)',
    'sum(@)',
    'fromUnixTimestamp(@)',
    "join('', @)",
    'max(@)',
    'keys(@)',
  ];
  const contents = [
    load(calculated),
    ...functions.map((call) =>
      load(
        element('CalculatedContent', {
          typeMatchExpression: '$..*',
          deviceIdExpression: '$..[?(@id < @at && @pulse =~ /a/ || @unit != $.Body)]',
          timestampExpression: { value: `matchedToken | ${call}`, language: 'JmesPath' },
          values: [],
        }),
      ),
    ),
  ];
  fc.assert(
    fc.property(value, fc.constantFrom(...contents), (body, content) => {
      try {
        content.normalize(event(body), context);
      } catch (error) {
        expect(error).toBeInstanceOf(IngestError);
        expect((error as IngestError).message).not.toContain(marker);
        expect(JSON.stringify((error as IngestError).details)).not.toContain(marker);
      }
    }),
    { numRuns: 2000 },
  );
});
