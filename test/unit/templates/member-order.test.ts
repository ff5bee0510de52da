import { expect, test } from '@jest/globals';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';

// JavaScript puts members whose names are whole numbers first; templates see the order of the message.
const BODY = '{"at":"2024-01-01T00:00:00Z","20":{"id":"first"},"b":{"id":"second"},"3":[{"id":"third"}]}';

test.each([
  { name: 'a recursive filter', typeMatch: '$..[?(@id)]' },
  { name: 'a wildcard', typeMatch: '$.Body.*.id', deviceId: '$.matchedToken', ids: ['first', 'second'] },
  { name: 'recursive names', typeMatch: "$..['id']", deviceId: '$.matchedToken' },
  {
    name: 'a projection of values',
    typeMatch: { value: 'Body.*.id', language: 'JmesPath' },
    deviceId: '$.matchedToken',
    ids: ['first', 'second'],
  },
  {
    name: 'keys()',
    typeMatch: { value: 'keys(Body)[1:]', language: 'JmesPath' },
    deviceId: '$.matchedToken',
    ids: ['20', 'b', '3'],
  },
])('$name selects in the order of the message', ({ typeMatch, deviceId = '$.matchedToken.id', ids }) => {
  const template = {
    typeName: 't',
    typeMatchExpression: typeMatch,
    deviceIdExpression: deviceId,
    timestampExpression: '$.Body.at',
    values: [],
  };
  const loaded = loadDeviceContent(
    JSON.stringify({ templateType: 'CollectionContent', template: [{ templateType: 'CalculatedContent', template }] }),
  );
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.issues));
  const Body = parseMessageBody(new TextEncoder().encode(BODY));
  const measurements = loaded.template.normalize({ Body }, { enqueuedAt: '2024-01-01T00:00:00Z' });
  expect(measurements.map((measurement) => measurement.deviceId)).toEqual(ids ?? ['first', 'second', 'third']);
});
