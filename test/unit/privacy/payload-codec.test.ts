import { expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { DecryptionError } from '../../../core/decryption-error.ts';
import { createKeyRing } from '../../../privacy/key-ring.ts';
import { createPayloadCodec } from '../../../privacy/payload-codec.ts';
import { keyOf } from '../../support/encryption-keys.ts';

const [k1, k2] = [keyOf('k1'), keyOf('k2')];
const codec = createPayloadCodec(createKeyRing([k1]));
const plainCodec = createPayloadCodec(createKeyRing([]));
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valuesOf = (payloads: readonly Payload[]): unknown[] =>
  payloads.map((each) => defaultPayloadConverter.fromPayload(each));
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

const VALUES = [{ patientId: 'patient-4711', rows: [[1, 0, '71']] }, 'text', null, undefined, new Uint8Array([0, 255])];

test('payloads of every kind come back with their metadata', async () => {
  const encoded = await codec.encode(VALUES.map(payload));
  expect(valuesOf(await codec.decode(encoded))).toEqual(VALUES);
});

test('nothing of a payload is to be seen, its encoding neither; the id of its key is', async () => {
  const [encoded] = await codec.encode([payload(VALUES[0])]);
  expect(text(encoded!.metadata!['encoding'])).toBe('binary/encrypted');
  expect(text(encoded!.metadata!['encryption-key-id'])).toBe('k1');
  const bytes = Buffer.from(proto.temporal.api.common.v1.Payload.encode(encoded!).finish());
  expect(bytes.includes('4711')).toBe(false);
  expect(bytes.includes('json/plain')).toBe(false);
});

test('payloads from before there was a key are read as they are, beside encrypted ones', async () => {
  const mixed = [payload('old'), ...(await codec.encode([payload('new')]))];
  expect(valuesOf(await codec.decode(mixed))).toEqual(['old', 'new']);
  expect(valuesOf(await plainCodec.decode(await plainCodec.encode([payload('old')])))).toEqual(['old']);
});

test('a new first key goes on reading what the old ones wrote', async () => {
  const old = await codec.encode([payload('old')]);
  const rotated = createPayloadCodec(createKeyRing([k2, k1]));
  const both = [...old, ...(await rotated.encode([payload('new')]))];
  expect(both.map((each) => text(each.metadata!['encryption-key-id']))).toEqual(['k1', 'k2']);
  expect(valuesOf(await rotated.decode(both))).toEqual(['old', 'new']);
});

test.each([
  { name: 'without any key', of: plainCodec },
  { name: 'with other keys', of: createPayloadCodec(createKeyRing([k2])) },
])('$name an encrypted payload is refused by the id of its key', async ({ of }) => {
  const encoded = await codec.encode([payload('secret')]);
  await expect(of.decode(encoded)).rejects.toThrow(DecryptionError);
  await expect(of.decode(encoded)).rejects.toThrow('Expected the encryption key k1');
});

test('a payload grows by less than two hundred bytes, so that one within the limit of two megabytes stays so', async () => {
  const size = (each: Payload): number => proto.temporal.api.common.v1.Payload.encode(each).finish().byteLength;
  for (const length of [1, 100, 60_000]) {
    const noise = payload(crypto.getRandomValues(new Uint8Array(length)));
    const [encoded] = await codec.encode([noise]);
    expect(size(encoded!) - size(noise)).toBeLessThan(200);
  }
});
