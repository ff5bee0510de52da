import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, linkUnlessThere, orAbsent } from '../stores/durable-file.ts';
import { z } from 'zod';
import { OperatorError } from '../core/operator-error.ts';

/** Who holds a folder: a process, and what tells it from a later one that was given the same id. */
const Holder = z.object({ pid: z.int().positive(), startedAt: z.string().optional() });
type Holder = z.infer<typeof Holder>;

const LOCK_NAME = '.lock';

/** The folders this process holds; a lock with its id that is not among them was left by an earlier process. */
const heldHere = new Set<string>();

/**
 * Takes a folder for this process alone. The lock of a process that has died is taken over.
 *
 * @returns how to release it
 * @throws if a living process holds it, this one included
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, LOCK_NAME);
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, startedAt: await startOf(process.pid) }));
  try {
    // A link appears with its content and never replaces another: whoever makes it holds the folder.
    while (!(await linkUnlessThere(own, path))) await removeStale(path, folder);
  } finally {
    await unlink(own);
  }
  heldHere.add(path);
  return async () => {
    heldHere.delete(path);
    await unlink(path);
  };
}

async function removeStale(path: string, folder: string): Promise<void> {
  const text = await orAbsent(() => readFile(path, 'utf8'));
  if (text === undefined) return; // released meanwhile
  const holder = parseHolder(text);
  if (holder !== undefined && (await isAlive(holder, path))) {
    throw new OperatorError(`${folder} is in use by process ${holder.pid}: stop it first, or use another folder`);
  }
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside);
  const removed = await orAbsent(() => readFile(aside, 'utf8'));
  if (removed !== text) await linkUnlessThere(aside, path); // another process was faster, and this is its lock: put it back
  await unlink(aside);
}

/** Undefined for what a crash left unfinished. */
function parseHolder(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  if (holder.pid === process.pid) return heldHere.has(path);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
  const startedAt = await startOf(holder.pid);
  return holder.startedAt === undefined || startedAt === undefined || holder.startedAt === startedAt;
}

/** When a process started, in the system's own count; undefined where the system does not say (other than Linux). */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await orAbsent(() => readFile(`/proc/${pid}/stat`, 'utf8'));
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
