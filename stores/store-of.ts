import { join } from 'node:path';
import { createFolderStore } from './folder-store.ts';
import type { ObjectStore } from './object-store.ts';

/** The store a configuration names: a folder below the data folder. */
export function storeOf(config: { readonly dataDir: string }): ObjectStore {
  return createFolderStore(join(config.dataDir, 'store'));
}
