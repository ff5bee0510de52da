import { METADATA_ENCODING_KEY } from '@temporalio/common';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { KeyRing } from './key-ring.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** The names that Temporal's own examples use: other tools tell by them that a payload is encrypted. */
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
/** The same for all: a codec server is given payloads without the workflow that they belong to. */
const CONTEXT = 'temporal-payload';

/**
 * Encrypts whole payloads, their metadata too. What was written before there was a key is read as it is.
 *
 * @throws DecryptionError
 */
export function createPayloadCodec(ring: KeyRing): PayloadCodec {
  return {
    encode: (payloads) => each(payloads, (payload) => encode(ring, payload)),
    decode: (payloads) => each(payloads, (payload) => decode(ring, payload)),
  };
}

async function each(payloads: readonly Payload[], run: (payload: Payload) => Payload): Promise<Payload[]> {
  return await Promise.resolve(payloads.map(run));
}

function encode(ring: KeyRing, payload: Payload): Payload {
  const sealed = ring.seal(PayloadMessage.encode(payload).finish(), CONTEXT);
  if (sealed === undefined) return payload;
  const metadata = { [METADATA_ENCODING_KEY]: bytesOf(ENCRYPTED), [KEY_ID]: bytesOf(sealed.keyId) };
  return { metadata, data: sealed.bytes };
}

function decode(ring: KeyRing, payload: Payload): Payload {
  if (textOf(payload.metadata?.[METADATA_ENCODING_KEY]) !== ENCRYPTED) return payload;
  const sealed = { keyId: textOf(payload.metadata?.[KEY_ID]), bytes: payload.data ?? new Uint8Array() };
  // A plain object, as the SDK makes them: whoever prints or compares it sees its members.
  const { metadata, data } = PayloadMessage.decode(ring.open(sealed, CONTEXT));
  return { metadata, data };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes == null ? '' : new TextDecoder().decode(bytes);
}
