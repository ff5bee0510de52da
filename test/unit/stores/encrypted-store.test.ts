import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DecryptionError } from '../../../core/decryption-error.ts';
import { createKeyRing } from '../../../privacy/key-ring.ts';
import { createClaims } from '../../../stores/claims.ts';
import { createDeadLetters } from '../../../stores/dead-letters.ts';
import { createEncryptedStore } from '../../../stores/encrypted-store.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import type { ObjectStore } from '../../../stores/object-store.ts';
import { keyOf } from '../../support/encryption-keys.ts';
import { rowsAt, STREAM } from '../../support/measurement-batches.ts';
import { describeObjectStore } from './object-store-contract.ts';

const [k1, k2] = [keyOf('k1'), keyOf('k2')];
const SOURCE = { stream: STREAM, partition: '0' };
const PRIVATE = 'iomt/claims/a';

let folder: string;
let plain: ObjectStore;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encrypted-'));
  plain = createFolderStore(folder);
  store = createEncryptedStore(plain, createKeyRing([k1]));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

describeObjectStore('the encrypted store', () => store, true);

describe('what lies in the store', () => {
  test('is encrypted, objects and appended lines', async () => {
    await store.put(PRIVATE, bytes('patient-4711'));
    await store.append('iomt/dead-letters/b', bytes('patient-4711\n'));
    for (const kept of [(await plain.get(PRIVATE))!.value, (await plain.readAppended('iomt/dead-letters/b'))!]) {
      expect(textOf(kept)).toMatch(/^iomt-encrypted:1:k1/);
      expect(textOf(kept)).not.toContain('4711');
    }
  });

  test.each(['ledgers/0', 'templates/active.json', 'totals/a/b', 'deployment.json'])(
    'is as it was in %s, which holds no readings',
    async (path) => {
      await store.put(`iomt/${path}`, bytes('{"counts": 1}'));
      expect(textOf((await plain.get(`iomt/${path}`))?.value)).toBe('{"counts": 1}');
    },
  );

  test('is encrypted in a folder nobody has thought of', async () => {
    await store.put('iomt/kept-events/a', bytes('patient-4711'));
    expect(textOf((await plain.get('iomt/kept-events/a'))?.value)).not.toContain('4711');
  });
});

describe('what was there before', () => {
  test('there was a key is read as it is, also within one appended object', async () => {
    await plain.put(PRIVATE, bytes('old'));
    await plain.append('iomt/dead-letters/b', bytes('{"old": 1}\n{"old": 2}\n'));
    await store.append('iomt/dead-letters/b', bytes('{"new": 3}\n'));
    expect(textOf((await store.get(PRIVATE))?.value)).toBe('old');
    expect(textOf(await store.readAppended('iomt/dead-letters/b'))).toBe('{"old": 1}\n{"old": 2}\n{"new": 3}\n');
  });

  test('the keys were rotated is read with the old one', async () => {
    await store.put(PRIVATE, bytes('one'));
    await store.append('iomt/dead-letters/b', bytes('1\n'));
    const rotated = createEncryptedStore(plain, createKeyRing([k2, k1]));
    await rotated.append('iomt/dead-letters/b', bytes('2\n'));
    expect(textOf((await rotated.get(PRIVATE))?.value)).toBe('one');
    expect(textOf(await rotated.readAppended('iomt/dead-letters/b'))).toBe('1\n2\n');
  });
});

test('a torn last line is left out, the lines before it are there', async () => {
  await store.append('iomt/dead-letters/b', bytes('1\n'));
  const whole = (await plain.readAppended('iomt/dead-letters/b'))!;
  for (let length = 20; length < whole.byteLength; length += 7) {
    await plain.append(`iomt/dead-letters/torn-${length}`, bytes('{"old": 1}\n'));
    await plain.append(`iomt/dead-letters/torn-${length}`, whole.subarray(0, length));
    expect(textOf(await store.readAppended(`iomt/dead-letters/torn-${length}`))).toBe('{"old": 1}\n');
  }
});

test('an object that was put under another key of the store does not open', async () => {
  await store.put(PRIVATE, bytes('one'));
  await plain.put('iomt/claims/b', (await plain.get(PRIVATE))!.value);
  await expect(store.get('iomt/claims/b')).rejects.toThrow(DecryptionError);
});

test('a key that is missing is named, with the place', async () => {
  await store.put(PRIVATE, bytes('one'));
  await store.append('iomt/dead-letters/b', bytes('1\n'));
  const others = createEncryptedStore(plain, createKeyRing([]));
  await expect(others.get(PRIVATE)).rejects.toThrow(/Could not read iomt\/claims\/a .* encryption key k1/);
  await expect(others.readAppended('iomt/dead-letters/b')).rejects.toThrow(/dead-letters\/b .* encryption key k1/);
});

test('claims and dead letters go through it without noticing', async () => {
  const claims = createClaims(store, 'iomt');
  const { claim } = await claims.put('iomt.device-1.heartRate', SOURCE, rowsAt([[1, 0]]));
  expect(await claims.get(claim)).toEqual(rowsAt([[1, 0]]));
  const letter = {
    id: 'a',
    stage: 'normalize',
    code: 'BODY_NOT_JSON',
    message: 'Expected the body to be one JSON value in UTF-8',
    positions: [{ stream: STREAM, partition: '0', sequenceNumber: 1 }],
    failedAt: '2024-01-01T00:00:01Z',
    attemptCount: 1,
  } as never;
  const letters = createDeadLetters(store, 'iomt');
  await letters.add([letter]);
  expect(await letters.list()).toEqual([letter]);
});
