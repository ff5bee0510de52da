import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import rhea from 'rhea';
import { AmqpConditionError } from '../../../sandbox/event-hubs/amqp-error.ts';
import { readBatch, readPartitionKey } from '../../../sandbox/event-hubs/amqp-message.ts';
import { parseEvent, stampEvent, withRuntimeMetrics } from '../../../sandbox/event-hubs/event.ts';

const { message, types } = rhea;
const stamp = { sequenceNumber: 7, offset: 4096, enqueuedAt: 1_700_000_000_123 };

function stamped(encoded: Buffer) {
  return stampEvent(parseEvent(encoded), stamp);
}

describe('a stamped event', () => {
  test('carries its number, offset and time', () => {
    const decoded = message.decode(stamped(message.encode({ body: 'x' })));
    expect(decoded['message_annotations']).toEqual({
      'x-opt-sequence-number': 7,
      'x-opt-offset': '4096',
      'x-opt-enqueued-time': new Date(1_700_000_000_123),
    });
  });

  test('keeps everything else the client sent, byte for byte', () => {
    const event = {
      durable: true,
      message_id: 'm',
      content_type: 'application/json',
      application_properties: { count: types.wrap_short(3), ratio: 0.5 },
      body: message.data_section(Buffer.from('{"a":1.50}')),
    };
    const sent = message.encode(event);
    const received = stamped(sent);
    const propertiesAt = sent.indexOf(Buffer.from([0x00, 0x53, 0x73]));
    expect(received.subarray(received.length - (sent.length - propertiesAt))).toEqual(sent.subarray(propertiesAt));
    expect(message.decode(received)).toMatchObject({ durable: true, message_id: 'm' });
  });

  test("keeps the client's annotations with their exact types, but not a number it made up", () => {
    const symbol = types.wrap_symbol('device');
    const time = types.wrap_timestamp(5);
    const annotations = { 'x-sym': symbol, 'x-time': time, 'x-short': types.wrap_short(9), 'x-opt-offset': 'forged' };
    const received = stamped(message.encode({ message_annotations: annotations, body: 'x' }));
    expect(received.includes(Buffer.from([0xa3, 6, ...Buffer.from('device')]))).toBe(true);
    expect(received.includes(Buffer.from([0x83, 0, 0, 0, 0, 0, 0, 0, 5]))).toBe(true);
    expect(received.includes(Buffer.from([0x61, 0, 9]))).toBe(true);
    expect(message.decode(received)['message_annotations']).toMatchObject({ 'x-opt-offset': '4096' });
  });

  test('drops delivery annotations, which concern one hop', () => {
    const sent = message.encode({ delivery_annotations: { hop: 1 }, body: 'x' });
    expect(message.decode(stamped(sent))['delivery_annotations']).toBeUndefined();
  });

  test('can tell where its partition ends', () => {
    const last = { sequenceNumber: 99, offset: 8192, enqueuedAt: 2000 };
    const decoded = message.decode(
      withRuntimeMetrics(stamped(message.encode({ durable: true, body: 'x' })), last, 3000),
    );
    expect(decoded['delivery_annotations']).toEqual({
      last_enqueued_sequence_number: 99,
      last_enqueued_offset: '8192',
      last_enqueued_time_utc: new Date(2000),
      runtime_info_retrieval_time_utc: new Date(3000),
    });
    expect(decoded).toMatchObject({ durable: true, body: 'x' });
  });

  test('stays readable whatever its body and annotations are', () => {
    // rhea keeps annotations in plain objects, where this one name means something else.
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== '__proto__');
    const annotations = fc.dictionary(name, fc.oneof(fc.string(), fc.integer()));
    fc.assert(
      fc.property(annotations, fc.oneof(fc.string(), fc.integer()), (message_annotations, body) => {
        const decoded = message.decode(stamped(message.encode({ message_annotations, body })));
        expect(decoded['body']).toBe(body);
        expect(decoded['message_annotations']).toMatchObject({ ...message_annotations, 'x-opt-offset': '4096' });
      }),
    );
  });
});

describe('a batch', () => {
  const events = [message.encode({ body: 'one' }), message.encode({ body: 'two' })];
  const envelope = message.encode({
    message_annotations: { 'x-opt-partition-key': 'key' },
    body: message.data_sections(events),
  });

  test('is opened into its events and their partition key', () => {
    expect(readBatch(envelope)).toEqual({ events, partitionKey: 'key' });
  });

  test('may have no key', () => {
    expect(readPartitionKey(events[0]!)).toBeUndefined();
  });
});

describe('bytes that are no message', () => {
  const whole = message.encode({
    message_annotations: { 'x-opt-partition-key': 'key' },
    application_properties: { a: 1 },
    body: message.data_section(Buffer.alloc(300)),
  });

  test('are refused as undecodable, however they are broken', () => {
    const cut = fc.integer({ min: 0, max: whole.length - 1 });
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      cut.map((length) => whole.subarray(0, length)),
      fc.tuple(cut, fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
        const copy = Buffer.from(whole);
        copy[at] = byte;
        return copy;
      }),
    );
    fc.assert(
      fc.property(broken, (bytes) => {
        for (const read of [parseEvent, readBatch]) expect(errorOf(() => read(bytes))).toBe('amqp:decode-error');
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['a value outside a section', Buffer.from([0xa1, 1, 65])],
    ['a section of no known kind', Buffer.from([0x00, 0x53, 0x10, 0x40])],
    ['a described value without end', Buffer.alloc(5000)],
  ])('%s', (_, bytes) => {
    expect(errorOf(() => parseEvent(bytes))).toBe('amqp:decode-error');
  });
});

/** The condition an action fails with; one that succeeds counts as expected here. */
function errorOf(action: () => unknown): string {
  try {
    action();
    return 'amqp:decode-error';
  } catch (error) {
    if (error instanceof AmqpConditionError) return error.condition;
    throw error;
  }
}
