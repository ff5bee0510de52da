import { join } from 'node:path';
import { createFolderStore } from './folder-store.ts';
import type { ObjectStore } from './object-store.ts';

/** The settings that say where the store is. */
export interface StoreSettings {
  readonly dataDir: string;
  readonly storeConnectionString: string | undefined;
  readonly storeContainer: string;
}

/**
 * The store a configuration names: a container of Azure Blob Storage, else a folder below the data folder.
 *
 * @throws OperatorError when the container cannot be used
 */
export async function storeOf(config: StoreSettings): Promise<ObjectStore> {
  const { dataDir, storeConnectionString, storeContainer } = config;
  if (storeConnectionString === undefined) return createFolderStore(join(dataDir, 'store'));
  // Loaded only where it is used: the SDK costs a quarter of a second and 30 MB.
  const [{ createBlobStore }, { openBlobContainer }] = await Promise.all([
    import('./blob-store.ts'),
    import('./blob-container.ts'),
  ]);
  return createBlobStore(await openBlobContainer(storeConnectionString, storeContainer));
}
