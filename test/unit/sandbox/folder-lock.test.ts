import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockFolder } from '../../../sandbox/folder-lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-lock-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('a folder is held once, and can be had again after its release', async () => {
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid}`);
  await unlock();
  await (
    await lockFolder(folder)
  )();
  expect(await readdir(folder)).toEqual([]);
});

test('of two that want a folder at the same time one gets it', async () => {
  const results = await Promise.allSettled([lockFolder(folder), lockFolder(folder)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('the lock of a process that lives is respected', async () => {
  await writeFile(join(folder, '.lock'), JSON.stringify({ pid: process.ppid }));
  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.ppid}`);
});

test('the lock of a process that has died is taken over', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  await writeFile(join(folder, '.lock'), JSON.stringify({ pid: child.pid }));
  await (
    await lockFolder(folder)
  )();
});

test.each([
  ['whose process id another process has now', JSON.stringify({ pid: process.ppid, startedAt: 'before' })],
  ['that this process id left in an earlier life', JSON.stringify({ pid: process.pid })],
  ['that a crash left unfinished', ''],
])('a lock %s is taken over', async (_, content) => {
  await writeFile(join(folder, '.lock'), content);
  await (
    await lockFolder(folder)
  )();
  expect(await readdir(folder)).toEqual([]);
});
