import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { appendDurably, linkUnlessThere, makeFolder, orAbsent, syncFolder, writeNew } from './durable-file.ts';
import type { ListedObject, ObjectStore, StoredObject, WriteCondition } from './object-store.ts';
import { assertKey, assertPrefix, StoreConflictError, StoreUnavailableError } from './object-store.ts';

/** Folder of the versions of one object: no key can end so, since an at sign is not allowed in one. */
const VERSIONS = '@v';
const APPENDED = '@log';
/** How long versions that have been replaced are kept: a writer that stalls in mid-write must still collide with them. */
const GRACE_MS = 60_000;

/**
 * The object store in a folder of this machine, for any number of processes.
 *
 * Each version of an object is a file named by its number in the folder `<key>@v`. A write goes to a file of its own,
 * is synced, and is then linked to the next number: the file system lets exactly one writer have it, with no lock that
 * a crash could leave behind. The highest number is the object.
 */
export function createFolderStore(root: string): ObjectStore {
  const pathOf = (key: string, suffix: string): string => {
    assertKey(key);
    return join(root, `${key}${suffix}`);
  };

  return {
    async get(key) {
      return await guarded('read', key, () => readNewest(pathOf(key, VERSIONS)));
    },

    async put(key, value, condition) {
      const folder = pathOf(key, VERSIONS);
      return await guarded('write', key, () => writeVersion(key, folder, value, condition));
    },

    async append(key, value) {
      const file = pathOf(key, APPENDED);
      await guarded('append to', key, () => appendDurably(file, value));
    },

    async readAppended(key) {
      const file = pathOf(key, APPENDED);
      return await guarded('read', key, () => orAbsent(() => readFile(file)));
    },

    async *list(prefix) {
      assertPrefix(prefix);
      yield* await guarded('list', prefix, () => listKeys(root, prefix));
    },

    async delete(key) {
      await guarded('delete', key, async () => {
        await rm(pathOf(key, VERSIONS), { recursive: true, force: true });
        await rm(pathOf(key, APPENDED), { force: true });
      });
    },
  };
}

async function writeVersion(
  key: string,
  folder: string,
  value: Uint8Array,
  condition: WriteCondition | undefined,
): Promise<string> {
  await makeFolder(folder);
  const draft = join(folder, `draft-${randomUUID()}`);
  await writeNew(draft, value);
  const writtenAt = (await stat(draft, { bigint: true })).mtimeNs;
  try {
    for (;;) {
      const checkedAt = performance.now();
      const newest = await newestVersion(folder);
      if (!(await holds(condition, folder, newest))) throw new StoreConflictError(key);
      // The first is always the same: of several who write it at once, only one may succeed.
      const next = newest === undefined ? 1 : newest + 1;
      if (!(await linkUnlessThere(draft, join(folder, String(next))))) continue;
      if (await cameTooLate(folder, next, checkedAt)) continue;
      await syncFolder(folder);
      await dropReplaced(folder, next);
      return versionName(next, writtenAt);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * A writer that was stopped between its check and its link for longer than replaced versions are kept may have taken a
 * number again that is long over. It finds a higher one there: its own is then void, and is taken back.
 */
async function cameTooLate(folder: string, taken: number, checkedAt: number): Promise<boolean> {
  if (performance.now() - checkedAt < GRACE_MS / 2) return false;
  const newest = await newestVersion(folder);
  if (newest === taken) return false;
  await rm(join(folder, String(taken)), { force: true });
  return true;
}

async function holds(
  condition: WriteCondition | undefined,
  folder: string,
  newest: number | undefined,
): Promise<boolean> {
  if (condition === undefined) return true;
  if ('ifAbsent' in condition) return newest === undefined;
  if (newest === undefined) return false;
  const info = await orAbsent(() => stat(join(folder, String(newest)), { bigint: true }));
  return info !== undefined && versionName(newest, info.mtimeNs) === condition.ifVersion;
}

/** Numbers begin again when an object is deleted and written anew; with its time a version is never mistaken for another. */
function versionName(number: number, writtenAt: bigint): string {
  return `${number}-${writtenAt}`;
}

async function readNewest(folder: string): Promise<StoredObject | undefined> {
  for (;;) {
    const newest = await newestVersion(folder);
    if (newest === undefined) return undefined;
    const stored = await orAbsent(() => readVersion(folder, newest));
    // Absent: it was replaced, and dropped, between the two calls.
    if (stored !== undefined) return stored;
  }
}

/** Value and time through one handle: they belong together whatever happens to the name. */
async function readVersion(folder: string, number: number): Promise<StoredObject> {
  const handle = await open(join(folder, String(number)), 'r');
  try {
    const { mtimeNs } = await handle.stat({ bigint: true });
    return { value: await handle.readFile(), version: versionName(number, mtimeNs) };
  } finally {
    await handle.close();
  }
}

async function newestVersion(folder: string): Promise<number | undefined> {
  const versions = versionsIn((await orAbsent(() => readdir(folder))) ?? []);
  return versions.length === 0 ? undefined : Math.max(...versions);
}

function versionsIn(names: readonly string[]): number[] {
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Drops versions, and drafts of crashed writers, that were replaced more than the grace period ago. */
async function dropReplaced(folder: string, newest: number): Promise<void> {
  const names = await readdir(folder);
  const candidates = names.filter((name) => !/^\d+$/.test(name) || Number(name) < newest);
  for (const name of candidates) {
    const file = join(folder, name);
    const info = await orAbsent(() => stat(file));
    if (info !== undefined && Date.now() - info.mtimeMs > GRACE_MS) await rm(file, { force: true });
  }
}

async function listKeys(root: string, prefix: string): Promise<ListedObject[]> {
  // Only the folder the prefix lies in is walked, not the whole store.
  const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
  const found: ListedObject[] = [];
  await walk(root, start, found);
  return found.filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function walk(root: string, path: string, found: ListedObject[]): Promise<void> {
  const entries = (await orAbsent(() => readdir(join(root, path), { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    const entryPath = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.endsWith(VERSIONS)) await walk(root, entryPath, found);
    else await addListed(root, entryPath, entry, found);
  }
}

async function addListed(root: string, path: string, entry: Dirent, found: ListedObject[]): Promise<void> {
  if (entry.isDirectory()) {
    const newest = await newestVersion(join(root, path));
    if (newest === undefined) return;
    const info = await orAbsent(() => stat(join(root, path, String(newest))));
    if (info !== undefined) found.push(listed(path.slice(0, -VERSIONS.length), info));
  } else if (entry.name.endsWith(APPENDED)) {
    const info = await orAbsent(() => stat(join(root, path)));
    if (info !== undefined) found.push(listed(path.slice(0, -APPENDED.length), info));
  }
}

function listed(key: string, info: { size: number; mtimeMs: number }): ListedObject {
  return { key, sizeBytes: info.size, modifiedAt: info.mtimeMs };
}

/** Turns what the file system says into the store's own errors. */
async function guarded<T>(action: string, key: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StoreConflictError || error instanceof RangeError) throw error;
    throw new StoreUnavailableError(action, key, { cause: error });
  }
}
