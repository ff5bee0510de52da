import { ContainerClient, ContainerSASPermissions } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openBlobContainer } from '../../stores/blob-container.ts';
import { createBlobStore } from '../../stores/blob-store.ts';
import { createKeyRing } from '../../privacy/key-ring.ts';
import { createEncryptedStore } from '../../stores/encrypted-store.ts';
import type { ObjectStore } from '../../stores/object-store.ts';
import { StoreConflictError, StoreUnavailableError } from '../../stores/object-store.ts';
import type { StoreSettings } from '../../stores/store-of.ts';
import { storeOf } from '../../stores/store-of.ts';
import type { AnswerCutter } from '../support/answer-cutter.ts';
import { startAnswerCutter } from '../support/answer-cutter.ts';
import { Azurite } from '../support/azurite.ts';
import { keyOf } from '../support/encryption-keys.ts';
import { describeObjectStore, describeSharedStore } from '../unit/stores/object-store-contract.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

let azurite: Azurite;
let container: string;
let store: ObjectStore;

beforeAll(async () => {
  azurite = await Azurite.start();
});
afterAll(async () => {
  await azurite.remove();
});
beforeEach(async () => {
  container = `t-${randomUUID()}`;
  store = createBlobStore(
    await openBlobContainer({ kind: 'connection-string', connectionString: azurite.connectionString() }, container),
  );
});

const settings = (connectionString = azurite.connectionString()): StoreSettings => ({
  dataDir: 'unused',
  storeConnectionString: connectionString,
  storeContainer: container,
});

describeObjectStore('the Blob store', () => store);
describeObjectStore('the Blob store, encrypted', () => createEncryptedStore(store, createKeyRing([keyOf('k1')])), true);
describeSharedStore('the Blob store', () => settings());

describe('the Blob store: what only it has', () => {
  test('an append of more than one block is read as one', async () => {
    const long = new Uint8Array(9_000_000).map((_, i) => i % 251);
    await store.append('log', bytes('begin'));
    await store.append('log', long);
    const read = await store.readAppended('log');
    expect(Buffer.compare(read!, Buffer.concat([bytes('begin'), long]))).toBe(0);
  });

  test('an existing container is used as it is', async () => {
    await store.put('a', bytes('one'));
    const again = await storeOf(settings());
    expect(textOf((await again.get('a'))?.value)).toBe('one');
  });

  test('a signature of one container is enough, though it may not make one', async () => {
    const client = new ContainerClient(azurite.connectionString(), container);
    const url = new URL(
      await client.generateSasUrl({
        permissions: ContainerSASPermissions.parse('racwdl'),
        expiresOn: new Date(Date.now() + 600_000),
      }),
    );
    const endpoint = `${url.origin}/${url.pathname.split('/')[1] ?? ''}`;
    const signed = await storeOf(
      settings(`BlobEndpoint=${endpoint};SharedAccessSignature=${url.search.replace('?', '')}`),
    );
    const version = await signed.put('a', bytes('one'), { ifAbsent: true });
    await expect(signed.put('a', bytes('two'), { ifAbsent: true })).rejects.toThrow(StoreConflictError);
    await signed.append('log', bytes('line'));
    expect(await signed.get('a')).toMatchObject({ version });
    expect(await Array.fromAsync(signed.list(''))).toHaveLength(2);
  });

  test.each([
    { name: 'a wrong key', of: (given: string) => given.replace('Eby8', 'Eby9'), tells: '403' },
    { name: 'no server', of: (given: string) => given.replace(/:\d+\//, ':1/'), tells: 'ECONNREFUSED' },
    { name: 'no connection string', of: () => 'AccountName=only', tells: 'no connection string of Azure Storage' },
  ])('$name ends the start with a sentence that holds no secret', async ({ of, tells }) => {
    const given = of(azurite.connectionString());
    const error = await storeOf(settings(given)).catch((thrown: unknown) => thrown);
    const { message } = error as Error;
    expect(message).toContain('IOMT_STORE_CONNECTION_STRING');
    expect(message).toContain(tells);
    expect(message).not.toMatch(/Eby|http|AccountName=/);
  });
});

describe('the Blob store: answers that get lost', () => {
  let cutter: AnswerCutter;
  let through: ObjectStore;

  beforeEach(async () => {
    cutter = await startAnswerCutter(azurite.port);
    through = await storeOf(settings(azurite.connectionString(cutter.port)));
  });
  afterEach(async () => {
    await cutter.stop();
  });

  test('a read is repeated', async () => {
    await store.put('a', bytes('one'));
    cutter.cutNext();
    expect(textOf((await through.get('a'))?.value)).toBe('one');
    expect(cutter.cutCount()).toBe(1);
  });

  test('a conditional write is unavailable, not lost to somebody else', async () => {
    cutter.cutNext();
    await expect(through.put('a', bytes('one'), { ifAbsent: true })).rejects.toThrow(StoreUnavailableError);
    // The writer that tries again learns that something is there, and reads what: its own.
    await expect(through.put('a', bytes('one'), { ifAbsent: true })).rejects.toThrow(StoreConflictError);
    expect(textOf((await through.get('a'))?.value)).toBe('one');
  });

  test('an append is not made twice', async () => {
    await through.append('log', bytes('one'));
    cutter.cutNext();
    await expect(through.append('log', bytes('two'))).rejects.toThrow(StoreUnavailableError);
    expect(textOf(await through.readAppended('log'))).toBe('onetwo');
  });
});

test('a Blob store that is away is unavailable, told without its address, and is used again when it is back', async () => {
  await store.put('a', bytes('one'));
  await azurite.stop();
  try {
    const error = await store.get('a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    const { message, cause } = error as Error;
    expect(`${message} ${(cause as Error).message}`).toBe('Could not read a in the store Azure Storage: ECONNREFUSED');
    expect(JSON.stringify(cause)).not.toContain('127.0.0.1');
  } finally {
    await azurite.startAgain();
  }
  expect(textOf((await store.get('a'))?.value)).toBe('one');
});
