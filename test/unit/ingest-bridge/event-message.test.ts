import type { ReceivedEventData } from '@azure/event-hubs';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { IngestError } from '../../../core/errors.ts';
import { deviceMessageOf, readHubEvent } from '../../../ingest-bridge/event-message.ts';
import type { NormalizedEvents } from '../../../ingest-bridge/normalize-events.ts';
import { normalizeEvents } from '../../../ingest-bridge/normalize-events.ts';
import type { DeviceContent } from '../../../templates/device-content/device-content.ts';

const AT = new Date('2024-03-01T08:15:30.123Z');

function received(body: unknown, raw: object = {}): ReceivedEventData {
  return {
    body,
    sequenceNumber: 7,
    offset: '700',
    enqueuedTimeUtc: AT,
    getRawAmqpMessage: () => ({ body, ...raw }),
  } as unknown as ReceivedEventData;
}

const bodyOf = (body: unknown): unknown => deviceMessageOf(readHubEvent(received(body))).Body;

describe('an event', () => {
  test('keeps its place, its time and its bytes', () => {
    const body = new TextEncoder().encode('{"a": 1}');
    expect(readHubEvent(received(body))).toEqual({
      sequenceNumber: 7,
      offset: '700',
      enqueuedAt: '2024-03-01T08:15:30.123Z',
      body,
      properties: {},
      systemProperties: {},
    });
  });

  test('has AMQP properties under their hyphenated names, and every annotation', () => {
    const { systemProperties } = readHubEvent(
      received(null, {
        properties: {
          messageId: 'm',
          correlationId: Buffer.from('ab'),
          contentType: 'application/json',
          creationTime: AT.getTime(),
          absoluteExpiryTime: AT,
          groupSequence: 3,
          replyToGroupId: null,
        },
        messageAnnotations: {
          'iothub-connection-device-id': 'device-1',
          'x-opt-enqueued-time': AT,
          nested: [{ at: AT }],
        },
      }),
    );
    expect(systemProperties).toEqual({
      'message-id': 'm',
      'correlation-id': 'YWI=',
      'content-type': 'application/json',
      'creation-time': AT.toISOString(),
      'absolute-expiry-time': AT.toISOString(),
      'group-sequence': 3,
      'iothub-connection-device-id': 'device-1',
      'x-opt-enqueued-time': AT.toISOString(),
      nested: [{ at: AT.toISOString() }],
    });
  });

  test('has application properties as they are', () => {
    const applicationProperties = { a: 1, b: true, c: null, d: 9_007_199_254_740_993n, e: undefined, __proto__: null };
    expect(readHubEvent(received(null, { applicationProperties })).properties).toEqual({
      a: 1,
      b: true,
      c: null,
      d: 9_007_199_254_740_993n,
      e: null,
    });
  });

  test.each([
    { name: 'a number', creationTime: 8.64e15 + 1 },
    { name: 'a Date', creationTime: new Date(NaN) },
  ])('with an instant no Date can hold ($name) stalls nothing', ({ creationTime }) => {
    const event = readHubEvent(received(null, { properties: { creationTime }, messageAnnotations: { creationTime } }));
    expect(event.systemProperties['creation-time']).toBeNull();
  });

  test.each([
    { name: 'text is read as JSON', body: '{"a": [1]}', expected: { a: [1] } },
    { name: 'no body is null', body: undefined, expected: null },
    { name: 'an empty body is null', body: new Uint8Array(), expected: null },
    { name: 'an AMQP map is an object', body: { a: 1, at: AT }, expected: { a: 1, at: AT.toISOString() } },
    {
      name: 'a 64-bit integer is exact',
      body: { id: 9_007_199_254_740_993n },
      expected: { id: 9_007_199_254_740_993n },
    },
    { name: 'a truth value is one', body: true, expected: true },
  ])('$name', ({ body, expected }) => {
    expect(bodyOf(body)).toEqual(expected);
  });

  test('that is no JSON is refused without quoting it', () => {
    expect(() => bodyOf('patient-4711')).toThrow(IngestError);
    expect(() => bodyOf('patient-4711')).not.toThrow('4711');
  });
});

describe('normalizing', () => {
  const source = { stream: 'stream', partition: '0' };
  const measurement = { type: 't', deviceId: 'd', occurrenceTimeUtc: '', ingestionTimeUtc: '', properties: [] };
  const template: DeviceContent = {
    bodyReader: 'strict',
    typeNames: ['t'],
    normalize({ Body }) {
      if (Body === 'refused')
        throw new IngestError('REQUIRED_VALUE_MISSING', 'why', { templateIndex: 1, member: 'deviceIdExpression' });
      if (Body === 'defect') throw new TypeError('patient-4711');
      return Array.from({ length: Number(Body) }, () => measurement);
    },
    explain() {
      throw new RangeError('Nobody asks for an explanation here');
    },
  };
  const events = ['2', '0', '"refused"', '"defect"', '{', '1'].map((text, i) => {
    const event = readHubEvent(received(text, { applicationProperties: { big: 2n ** 60n, nan: NaN } }));
    return { ...event, sequenceNumber: 10 + i };
  });
  let normalized: NormalizedEvents;
  beforeAll(async () => {
    normalized = await normalizeEvents(source, events, () => ({ version: 'v', template }), 'at');
  });

  test('an event succeeds or fails as a whole, and holds back no other', () => {
    const { outcomes, measurements } = normalized;
    expect(
      outcomes.map(({ sequenceNumber, kind, measurementCount }) => [sequenceNumber, kind, measurementCount]),
    ).toEqual([
      [10, 'normalized', 2],
      [11, 'unmatched', 0],
      [12, 'dead-lettered', 0],
      [13, 'dead-lettered', 0],
      [14, 'dead-lettered', 0],
      [15, 'normalized', 1],
    ]);
    expect(measurements.map(({ sequenceNumber, ordinal }) => [sequenceNumber, ordinal])).toEqual([
      [10, 0],
      [10, 1],
      [15, 0],
    ]);
  });

  test('an event is read as the version of its template says', async () => {
    const event = { ...readHubEvent(received("/* two */ '2'")), sequenceNumber: 10 };
    const readAs = async (bodyReader: DeviceContent['bodyReader']) => {
      const versionOf = () => ({ version: 'v', template: { ...template, bodyReader } });
      return (await normalizeEvents(source, [event], versionOf, 'at')).outcomes;
    };
    expect(await readAs('strict')).toMatchObject([{ kind: 'dead-lettered' }]);
    expect(await readAs('lenient')).toMatchObject([{ kind: 'normalized', measurementCount: 2 }]);
  });

  test('a dead letter holds the event whole, and says where and why without quoting it', () => {
    const { deadLetters } = normalized;
    expect(deadLetters.map(({ code }) => code)).toEqual([
      'REQUIRED_VALUE_MISSING',
      'NORMALIZATION_DEFECT',
      'BODY_NOT_JSON',
    ]);
    expect(deadLetters[0]).toMatchObject({
      stage: 'normalize',
      positions: [{ ...source, sequenceNumber: 12 }],
      templateVersion: 'v',
      place: { templateIndex: 1, member: 'deviceIdExpression' },
      attemptCount: 1,
      failedAt: 'at',
    });
    expect(Buffer.from(deadLetters[2]!.event!.body, 'base64').toString()).toBe('{');
    expect(deadLetters[0]!.event!.properties).toEqual({ big: String(2n ** 60n), nan: null });
    expect(JSON.stringify(deadLetters.map(({ message, place }) => [message, place]))).not.toContain('4711');
    expect(JSON.parse(JSON.stringify(deadLetters))).toEqual(deadLetters);
  });

  describe('events that inflate to the most an event may be', () => {
    const bomb = gzipSync(`[${'{"a":1},'.repeat(2 ** 19 - 1)}{}]`);
    const bombs = Array.from({ length: 20 }, (_, i) => {
      return { ...readHubEvent(received('', {})), body: bomb, sequenceNumber: i };
    });
    const told: string[] = [];
    const counting: DeviceContent = {
      ...template,
      normalize: ({ Body }) => {
        told.push(Array.isArray(Body) ? 'event' : 'something else');
        return [];
      },
    };
    const versionOf = () => ({ version: 'v', template: counting });
    beforeEach(() => {
      told.length = 0;
    });

    test('let timers fire in between, and all come out in order', async () => {
      const timer = setInterval(() => told.push('timer'), 1);
      const { outcomes } = await normalizeEvents(source, bombs, versionOf, 'at');
      clearInterval(timer);
      const betweenEvents = told.slice(told.indexOf('event'), told.lastIndexOf('event'));
      expect(betweenEvents.filter((what) => what === 'timer').length).toBeGreaterThan(1);
      expect(told.filter((what) => what === 'event')).toHaveLength(bombs.length);
      expect(outcomes.map(({ sequenceNumber }) => sequenceNumber)).toEqual(bombs.map((_, i) => i));
    });

    test('are left in the middle when the partition is given up', async () => {
      const abort = new AbortController();
      setTimeout(() => {
        abort.abort();
      }, 1);
      await expect(normalizeEvents(source, bombs, versionOf, 'at', abort.signal)).rejects.toThrow('aborted');
      expect(told.length).toBeLessThan(bombs.length);
    });
  });
});
