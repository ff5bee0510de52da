import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, syncFolder, writeDurably } from '../../stores/durable-file.ts';
import { z } from 'zod';

/** What stays the same for the life of a hub. */
const HubFile = z.object({
  name: z.string(),
  /** Consumers tell by it that a wiped hub is another stream. */
  createdAt: z.iso.datetime(),
  partitionCount: z.int().positive(),
});
type HubFile = z.infer<typeof HubFile>;

/**
 * Opens the folder of a hub, or begins it.
 *
 * @returns when the hub was created: in milliseconds since the epoch
 * @throws if the hub was created with another number of partitions: keys would land elsewhere and order would be lost
 */
export async function openHubFolder(folder: string, name: string, partitionCount: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'hub.json');
  const stored = (await readHubFile(path)) ?? (await createHubFile(path, name, partitionCount));
  if (stored.partitionCount !== partitionCount) {
    throw new Error(
      `Hub ${name} has ${stored.partitionCount} partitions and cannot be given ${partitionCount}: ` +
        `configure ${stored.partitionCount}, or remove ${folder} and every checkpoint of the hub`,
    );
  }
  return Date.parse(stored.createdAt);
}

async function readHubFile(path: string): Promise<HubFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return text === undefined ? undefined : HubFile.parse(JSON.parse(text));
}

async function createHubFile(path: string, name: string, partitionCount: number): Promise<HubFile> {
  const file = { name, createdAt: new Date().toISOString(), partitionCount };
  await writeDurably(path, `${JSON.stringify(file, undefined, 2)}\n`);
  await syncFolder(dirname(dirname(path))); // the hub's own folder is new too
  return file;
}
