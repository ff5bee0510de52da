import { describe, expect, test } from '@jest/globals';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { parseDeviceMessage, parseMessageBody } from '../../../templates/device-content/message-body.ts';
import type { JsonObject } from '../../../core/device-message.ts';

// JavaScript puts members whose names are whole numbers first; templates see the order of the message.
const BODY = '{"at":"2024-01-01T00:00:00Z","20":{"id":"first"},"b":{"id":"second"},"3":[{"id":"third"}]}';
const TIME = { value: "'2024-01-01T00:00:00Z'", language: 'JmesPath' };

const jmesPath = (value: string) => ({ value, language: 'JmesPath' });
const bodyOf = (text: string) => ({ Body: parseMessageBody(new TextEncoder().encode(text)) });

/** What a template reads as device ids, in the order of its matches. */
function deviceIds(typeMatch: unknown, deviceId: unknown, message: JsonObject): string[] {
  const template = {
    typeName: 't',
    typeMatchExpression: typeMatch,
    deviceIdExpression: deviceId,
    timestampExpression: TIME,
    values: [],
  };
  const loaded = loadDeviceContent(
    JSON.stringify({ templateType: 'CollectionContent', template: [{ templateType: 'CalculatedContent', template }] }),
  );
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.issues));
  const context = { enqueuedAt: '2024-01-01T00:00:00Z' };
  const measurements = loaded.template.normalize(message, context);
  expect(loaded.template.explain(message, context).outcome).toEqual({ measurements });
  return measurements.map((measurement) => measurement.deviceId);
}

test.each([
  { name: 'a recursive filter', typeMatch: '$..[?(@id)]' },
  { name: 'a wildcard', typeMatch: '$.Body.*.id', deviceId: '$.matchedToken', ids: ['first', 'second'] },
  { name: 'recursive names', typeMatch: "$..['id']", deviceId: '$.matchedToken' },
  {
    name: 'a projection of values',
    typeMatch: jmesPath('Body.*.id'),
    deviceId: '$.matchedToken',
    ids: ['first', 'second'],
  },
  { name: 'keys()', typeMatch: jmesPath('keys(Body)[1:]'), deviceId: '$.matchedToken', ids: ['20', 'b', '3'] },
])('$name selects in the order of the message', ({ typeMatch, deviceId = '$.matchedToken.id', ids }) => {
  expect(deviceIds(typeMatch, deviceId, bodyOf(BODY))).toEqual(ids ?? ['first', 'second', 'third']);
});

describe('the order is kept', () => {
  const json = (value: string) => jmesPath(`to_string(${value})`);

  test.each([
    { name: 'by merge()', deviceId: json('merge(`{"b":1}`, Body)'), id: '{"b":3,"20":2,"3":4}' },
    { name: 'by a list of members', deviceId: json('{b: `1`, "20": `2`, "3": `3`}'), id: '{"b":1,"20":2,"3":3}' },
    { name: 'in a literal', deviceId: json('`{"b":1,"20":{"c":2,"1":3}}`'), id: '{"b":1,"20":{"c":2,"1":3}}' },
    {
      name: 'where names are escaped',
      body: '{"b":1,"\\u0032\\u0030":2}',
      deviceId: json('Body'),
      id: '{"b":1,"20":2}',
    },
  ])('$name', ({ body = '{"20":2,"b":3,"3":4}', deviceId, id }) => {
    expect(deviceIds('$', deviceId, bodyOf(body))).toEqual([id]);
  });

  test('of the message itself, with matchedToken behind it', () => {
    const message = parseDeviceMessage('{"b":1,"20":{"id":"x"},"matchedToken":0,"3":3}');
    expect(deviceIds('$.*', jmesPath("join(',', keys(@))"), message)).toEqual(
      Array.from({ length: 4 }, () => 'b,20,3,matchedToken'),
    );
    const ids = jmesPath('to_string([*, matchedToken] | [1])');
    expect(deviceIds('$.*', ids, message)).toEqual(['1', '{"id":"x"}', '0', '3']);
  });
});
