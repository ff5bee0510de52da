import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DecryptionError } from '../core/decryption-error.ts';
import type { EncryptionKey } from '../core/encryption-key.ts';

/** Something encrypted, and the id of the key that did it. */
export interface Sealed {
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** Encrypts what is kept. Without any key everything stays as it is, and what was encrypted cannot be read. */
export interface KeyRing {
  /**
   * With the first key; compressed before, where that makes it smaller.
   *
   * @param context has to be the same to open it: what was put elsewhere does not open there
   * @returns undefined when there is no key
   */
  seal(plain: Uint8Array, context: string): Sealed | undefined;
  /** @throws DecryptionError that names the id of the key and nothing else */
  open(sealed: Sealed, context: string): Uint8Array;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** First byte: how what was encrypted is to be read. It is authenticated with the context. */
const AS_IT_IS = 0;
const DEFLATED = 1;
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;
/** Less than this hardly shrinks. */
const LEAST_DEFLATED_BYTES = 128;
/** The fastest: the next ones take twice to three times as long for a twentieth less (measured on rows). */
const DEFLATE = { level: 1 } as const;

export function createKeyRing(keys: readonly EncryptionKey[]): KeyRing {
  const byId = new Map(keys.map(({ id, bytes }) => [id, createSecretKey(bytes)]));
  const [first] = keys;
  return {
    seal(plain, context) {
      const key = first && byId.get(first.id);
      return first && key && { keyId: first.id, bytes: encrypt(plain, key, context) };
    },
    open({ keyId, bytes }, context) {
      const key = byId.get(keyId);
      if (key === undefined) throw new DecryptionError(unknownKey(keyId, keys.length));
      try {
        return decrypt(bytes, key, context);
      } catch (error) {
        const message = `Something encrypted with the key ${printable(keyId)} cannot be read: it was changed, or the key of that id is another`;
        throw new DecryptionError(message, { cause: error });
      }
    },
  };
}

function encrypt(plain: Uint8Array, key: KeyObject, context: string): Uint8Array {
  const deflated = plain.byteLength < LEAST_DEFLATED_BYTES ? undefined : deflateRawSync(plain, DEFLATE);
  const isSmaller = deflated !== undefined && deflated.byteLength < plain.byteLength;
  const form = isSmaller ? DEFLATED : AS_IT_IS;
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(authenticated(form, context));
  const encrypted = cipher.update(isSmaller ? deflated : plain);
  cipher.final(); // GCM adds nothing here
  return Buffer.concat([Buffer.of(form), iv, cipher.getAuthTag(), encrypted]);
}

function decrypt(bytes: Uint8Array, key: KeyObject, context: string): Uint8Array {
  const form = bytes[0];
  if (bytes.byteLength < HEAD_BYTES || (form !== AS_IT_IS && form !== DEFLATED)) throw new RangeError('Too short');
  const iv = bytes.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
    .setAAD(authenticated(form, context))
    .setAuthTag(bytes.subarray(1 + IV_BYTES, HEAD_BYTES));
  const plain = decipher.update(bytes.subarray(HEAD_BYTES));
  decipher.final(); // throws unless it is authentic
  return form === DEFLATED ? inflateRawSync(plain) : plain;
}

function authenticated(form: number, context: string): Uint8Array {
  return Buffer.concat([Buffer.of(form), Buffer.from(context)]);
}

function unknownKey(keyId: string, keyCount: number): string {
  const configured = keyCount === 0 ? 'no encryption keys are set' : 'it is not among those set';
  return `Expected the encryption key ${printable(keyId)}: ${configured} (IOMT_ENCRYPTION_KEYS)`;
}

/** Ids come with what was encrypted: whatever was written there is not to fill a log. */
function printable(keyId: string): string {
  return /^[A-Za-z0-9._-]{1,64}$/.test(keyId) ? keyId : '(of a foreign form)';
}
