import { DecryptionError } from '../core/decryption-error.ts';
import type { KeyRing, Sealed } from '../privacy/key-ring.ts';
import type { ObjectStore } from './object-store.ts';

/** Folders of a deployment that hold no readings, patients or messages; all others are encrypted, new ones too. */
const OPEN_FOLDERS = ['ledgers', 'ownership', 'streams', 'templates', 'recoveries', 'totals', 'deployment.json'];

/** Begins whatever was encrypted, and a line with the key's id; no JSON can begin so. */
const MARK = 'iomt-encrypted:1:';
const LINE_END = 0x0a;

/**
 * Encrypts what is put into a store and reads both: what is encrypted, and what was written before there was a key. An
 * object is bound to its key in the store: one that was put elsewhere does not open.
 *
 * What is appended becomes a line of its own, so that a torn end leaves the lines before it.
 *
 * @throws DecryptionError from `get` and `readAppended`
 */
export function createEncryptedStore(store: ObjectStore, ring: KeyRing): ObjectStore {
  return {
    ...store,
    async get(key) {
      const stored = await store.get(key);
      return stored && { ...stored, value: openObject(ring, key, stored.value) };
    },
    async put(key, value, condition) {
      const sealed = isOpen(key) ? undefined : ring.seal(value, key);
      return await store.put(key, sealed === undefined ? value : objectOf(sealed), condition);
    },
    async append(key, value) {
      const sealed = isOpen(key) ? undefined : ring.seal(value, key);
      await store.append(key, sealed === undefined ? value : lineOf(sealed));
    },
    async readAppended(key) {
      const bytes = await store.readAppended(key);
      return bytes && openLines(ring, key, bytes);
    },
  };
}

function isOpen(key: string): boolean {
  return OPEN_FOLDERS.includes(key.split('/')[1] ?? '');
}

function objectOf({ keyId, bytes }: Sealed): Uint8Array {
  return Buffer.concat([Buffer.from(`${MARK}${keyId}\n`), bytes]);
}

function lineOf({ keyId, bytes }: Sealed): Uint8Array {
  return Buffer.from(`${MARK}${keyId}:${Buffer.from(bytes).toString('base64')}\n`);
}

function openObject(ring: KeyRing, key: string, stored: Uint8Array): Uint8Array {
  if (!isMarked(stored)) return stored;
  const lineEnd = stored.indexOf(LINE_END);
  const keyId = Buffer.from(stored.subarray(MARK.length, Math.max(MARK.length, lineEnd))).toString();
  return opened(ring, key, { keyId, bytes: stored.subarray(lineEnd + 1) });
}

/** The end of a plain line is the caller's, and may be torn; a torn encrypted one was never acknowledged. */
function openLines(ring: KeyRing, key: string, stored: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < stored.byteLength;) {
    const lineEnd = stored.indexOf(LINE_END, from);
    const next = lineEnd === -1 ? stored.byteLength : lineEnd + 1;
    const line = stored.subarray(from, next);
    if (!isMarked(line)) parts.push(line);
    else if (lineEnd !== -1) parts.push(openLine(ring, key, line));
    from = next;
  }
  return Buffer.concat(parts);
}

function openLine(ring: KeyRing, key: string, line: Uint8Array): Uint8Array {
  const [keyId = '', base64 = ''] = Buffer.from(line).toString().slice(MARK.length).trimEnd().split(':');
  return opened(ring, key, { keyId, bytes: Buffer.from(base64, 'base64') });
}

function isMarked(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MARK.length)).toString() === MARK;
}

function opened(ring: KeyRing, key: string, sealed: Sealed): Uint8Array {
  try {
    return ring.open(sealed, key);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    throw new DecryptionError(`Could not read ${key} in the store. ${error.message}`, { cause: error });
  }
}
