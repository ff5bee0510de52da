import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { StoreUnavailableError } from '../../../stores/object-store.ts';
import { describeObjectStore, describeSharedStore } from './object-store-contract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-store-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describeObjectStore('the folder store', () => createFolderStore(folder));

describeSharedStore('the folder store', () => ({
  dataDir: folder,
  storeConnectionString: undefined,
  storeContainer: 'unused',
}));

test('versions and drafts that were replaced long ago are dropped with the next write', async () => {
  const store = createFolderStore(folder);
  const bytes = new TextEncoder().encode('one');
  await store.put('a', bytes);
  await store.put('a', bytes);
  await writeFile(join(folder, 'a@v', 'draft-of-a-crashed-writer'), '');
  expect(await readdir(join(folder, 'a@v'))).toHaveLength(3);
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const file of await readdir(join(folder, 'a@v'))) await utimes(join(folder, 'a@v', file), longAgo, longAgo);
  await store.put('a', bytes);
  expect(await readdir(join(folder, 'a@v'))).toEqual(['3']);
});

test('a draft that a crash left is no object', async () => {
  const store = createFolderStore(folder);
  await store.put('a', new TextEncoder().encode('one'));
  await store.delete('a');
  await store.put('b', new TextEncoder().encode('one'));
  await rm(join(folder, 'b@v', '1'));
  await writeFile(join(folder, 'b@v', 'draft-of-a-crashed-writer'), 'half');
  expect(await store.get('b')).toBeUndefined();
  expect(await Array.fromAsync(store.list(''))).toEqual([]);
});

test('a folder that cannot be used is a store that is unavailable, told without its path', async () => {
  await writeFile(join(folder, 'file'), '');
  const store = createFolderStore(join(folder, 'file'));
  const error = await store.put('a', new Uint8Array()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect((error as Error).message).not.toContain(folder);
});
