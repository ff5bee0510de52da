import { link, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file that must not be there yet; what has resolved survives a loss of power, but for the file's name. */
export async function writeNew(path: string, value: Uint8Array | string): Promise<void> {
  await writeSynced(path, 'wx', value);
}

/** Writes a small file so that after any crash it is there as a whole or not at all. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeSynced(temporary, 'w', text);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Adds to the end of a file, made if need be. */
export async function appendDurably(path: string, value: Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  const isNew = (await orAbsent(() => stat(path))) === undefined;
  await writeSynced(path, 'a', value);
  if (isNew) await syncFolder(dirname(path));
}

/** Creates a folder and its parents, and makes sure that a crash does not forget them. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes names that were added to a folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a file a second name, unless something has that name: of several who try at once, one succeeds. */
export async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** What a read found, or undefined where there is nothing to read. */
export async function orAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether a system call failed for the given reason. Not by `instanceof`: under jest, Node's errors are of another realm. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

async function writeSynced(path: string, flags: 'w' | 'wx' | 'a', value: Uint8Array | string): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.writeFile(value);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
