import type { ReceivedEventData } from '@azure/event-hubs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deflateSync, gzipSync } from 'node:zlib';
import { IngestError } from '../../../core/errors.ts';
import { deviceMessageOf, readHubEvent } from '../../../ingest-bridge/event-message.ts';

interface Raw {
  readonly bodyType?: 'data' | 'value' | 'sequence';
  readonly properties?: object;
  readonly applicationProperties?: object;
}

function bodyOf(body: unknown, raw: Raw = {}): unknown {
  const event = {
    body,
    sequenceNumber: 7,
    offset: '700',
    enqueuedTimeUtc: new Date(0),
    getRawAmqpMessage: () => ({ body, ...raw }),
  } as unknown as ReceivedEventData;
  return deviceMessageOf(readHubEvent(event)).Body;
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof IngestError ? error.code : String(error);
  }
}

const JSON_TEXT = '{"heartRate": 71}';
const MESSAGE = { heartRate: 71 };
const GZIPPED = gzipSync(JSON_TEXT);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

describe('a body is one JSON value of any kind', () => {
  test.each([
    { name: 'an object', bytes: JSON_TEXT, body: MESSAGE },
    { name: 'an array, which stays one', bytes: '[1,[2],{}]', body: [1, [2], {}] },
    { name: 'a text', bytes: '"a"', body: 'a' },
    { name: 'a number', bytes: ' 1.50 ', body: 1.5 },
    { name: 'true', bytes: 'true', body: true },
    { name: 'null', bytes: 'null', body: null },
    { name: 'zero bytes, which are null', bytes: '', body: null },
    { name: 'a byte order mark before it', bytes: Buffer.concat([BOM, Buffer.from('[1]')]), body: [1] },
  ])('$name', ({ bytes, body }) => {
    expect(bodyOf(Buffer.from(bytes))).toEqual(body);
    expect(bodyOf(gzipSync(bytes), { properties: { contentEncoding: 'gzip' } })).toEqual(body);
  });

  test('in several data sections, cut anywhere', () => {
    const bytes = Buffer.from('{"name": "Ärztin"}');
    for (let at = 0; at <= bytes.length; at++) {
      const sections = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(bodyOf(sections, { bodyType: 'data' })).toEqual({ name: 'Ärztin' });
    }
  });

  test.each([
    { name: 'an AMQP value', bodyType: 'value', body: { a: [1, null, true] }, expected: { a: [1, null, true] } },
    { name: 'a text of AMQP, read as JSON', bodyType: 'value', body: '[1]', expected: [1] },
    { name: 'binary of AMQP', bodyType: 'value', body: Buffer.from('[1]'), expected: [1] },
    { name: 'a sequence', bodyType: 'sequence', body: [1, 'a', { b: 2 }], expected: [1, 'a', { b: 2 }] },
    { name: 'a number JSON has no word for', bodyType: 'value', body: { a: NaN }, expected: { a: null } },
  ] as const)('$name', ({ bodyType, body, expected }) => {
    expect(bodyOf(body, { bodyType })).toEqual(expected);
  });
});

describe('gzip', () => {
  test.each([
    { name: 'the content encoding', raw: { properties: { contentEncoding: 'gzip' } } },
    { name: 'an old content encoding, in capitals', raw: { properties: { contentEncoding: ' X-GZIP ' } } },
    { name: 'the content type', raw: { properties: { contentType: 'application/gzip' } } },
    { name: 'the content type, with parameters', raw: { properties: { contentType: 'application/x-gzip; a=b' } } },
    { name: 'an application property', raw: { applicationProperties: { content_encoding: 'gzip' } } },
    { name: 'nothing but its first bytes', raw: {} },
    { name: 'nothing, and its encoding is of the text', raw: { properties: { contentEncoding: 'utf-8' } } },
  ])('is told by $name', ({ raw }) => {
    expect(bodyOf(GZIPPED, raw)).toEqual(MESSAGE);
  });

  test('in several members is one body', () => {
    expect(bodyOf(Buffer.concat([gzipSync('{"heartRate"'), gzipSync(': 71}')]))).toEqual(MESSAGE);
  });

  test('of zero bytes is null', () => {
    expect(bodyOf(gzipSync(''))).toBeNull();
    expect(bodyOf(Buffer.alloc(0), { properties: { contentEncoding: 'gzip' } })).toBeNull();
  });

  const damaged = Buffer.from(GZIPPED);
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 6) ^ 0xff, damaged.length - 6);

  test.each([
    { name: 'that is plain JSON', body: Buffer.from(JSON_TEXT), code: 'BODY_NOT_GZIP' },
    { name: 'that is deflate', body: deflateSync(JSON_TEXT), code: 'BODY_NOT_GZIP' },
    { name: 'that is cut off', body: GZIPPED.subarray(0, -4), code: 'BODY_NOT_GZIP' },
    { name: 'that is damaged', body: damaged, code: 'BODY_NOT_GZIP' },
    { name: 'of no JSON', body: gzipSync('no JSON'), code: 'BODY_NOT_JSON' },
    { name: 'of gzip', body: gzipSync(GZIPPED), code: 'BODY_NOT_JSON' },
  ])('$name is refused', ({ body, code }) => {
    expect(codeOf(() => bodyOf(body, { properties: { contentEncoding: 'gzip' } }))).toBe(code);
  });

  test('is inflated up to 4 MiB, and a bomb costs no more memory than that', () => {
    const longest = `"${'a'.repeat(4 * 2 ** 20 - 2)}"`;
    expect(bodyOf(gzipSync(longest))).toHaveLength(4 * 2 ** 20 - 2);
    expect(codeOf(() => bodyOf(gzipSync(`${longest} `)))).toBe('BODY_TOO_LARGE');
    // A gibibyte in a mebibyte: sixteen members of 64 MiB each.
    const member = gzipSync(Buffer.alloc(64 * 2 ** 20));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(() => bodyOf(bomb))).toBe('BODY_TOO_LARGE');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  });
});

describe('odd encodings', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const raw = fc.record(
    {
      contentEncoding: fc.constantFrom('gzip', 'GZIP', 'utf-8', 'UTF-16', 'deflate', '', 'identity'),
      contentType: fc.constantFrom('application/json', 'application/gzip', 'text/plain', 'application/octet-stream'),
    },
    { requiredKeys: [] },
  );

  test('whatever JSON is compressed is found again, whatever is said of it', () => {
    fc.assert(
      fc.property(json, raw, fc.integer({ min: 0, max: 9 }), (value, properties, level) => {
        const plain = Buffer.from(JSON.stringify(value));
        expect(bodyOf(gzipSync(plain, { level }), { properties })).toEqual(bodyOf(plain));
      }),
    );
  });

  test('any bytes at all are a value or one of the codes for bodies', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((rest) => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), rest])),
      fc.uint8Array({ maxLength: 300 }).map((rest) => gzipSync(rest)),
      fc.tuple(json, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const damaged = Buffer.from(gzipSync(JSON.stringify(value)));
        damaged.writeUInt8(byte, at % damaged.length);
        return damaged;
      }),
      json.map((value) => Buffer.from(JSON.stringify(value), 'utf16le')),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text, 'latin1')),
    );
    const codes = ['none', 'BODY_NOT_JSON', 'BODY_NOT_GZIP', 'BODY_TOO_DEEP', 'BODY_TOO_LARGE'];
    fc.assert(
      fc.property(bytes, raw, (body, properties) => {
        expect(codes).toContain(codeOf(() => bodyOf(body, { properties })));
      }),
      { numRuns: 1000 },
    );
  });

  test('what is dead-lettered holds the body in the bytes it came in', () => {
    const event = readHubEvent({
      body: GZIPPED.subarray(0, -4),
      sequenceNumber: 7,
      offset: '700',
      enqueuedTimeUtc: new Date(0),
      getRawAmqpMessage: () => ({ properties: { contentEncoding: 'gzip' } }),
    } as unknown as ReceivedEventData);
    expect(Buffer.from(event.body)).toEqual(GZIPPED.subarray(0, -4));
  });
});
