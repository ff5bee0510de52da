import { join } from 'node:path';
import { azureCredential } from '../service/azure-credential.ts';
import { createKeyRing } from '../privacy/key-ring.ts';
import type { EncryptionKey } from '../core/encryption-key.ts';
import type { BlobAccount } from './blob-container.ts';
import { createEncryptedStore } from './encrypted-store.ts';
import { createFolderStore } from './folder-store.ts';
import type { ObjectStore } from './object-store.ts';

/** The settings that say where the store is. */
export interface StoreSettings {
  readonly dataDir: string;
  readonly storeConnectionString: string | undefined;
  readonly storeAccountUrl?: string | undefined;
  readonly storeContainer: string;
  /** Not set: what is in the store is not encrypted. */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
}

/**
 * The store a configuration names: a container of Azure Blob Storage, else a folder below the data folder. What holds
 * readings is encrypted in it.
 *
 * @throws OperatorError when the container cannot be used
 */
export async function storeOf(config: StoreSettings): Promise<ObjectStore> {
  return createEncryptedStore(await openStore(config), createKeyRing(config.encryptionKeys ?? []));
}

async function openStore(config: StoreSettings): Promise<ObjectStore> {
  const account = await accountOf(config);
  if (account === undefined) return createFolderStore(join(config.dataDir, 'store'));
  // Loaded only where it is used: the SDK costs a quarter of a second and 30 MB.
  const [{ createBlobStore }, { openBlobContainer }] = await Promise.all([
    import('./blob-store.ts'),
    import('./blob-container.ts'),
  ]);
  return createBlobStore(await openBlobContainer(account, config.storeContainer));
}

async function accountOf(config: StoreSettings): Promise<BlobAccount | undefined> {
  const { storeConnectionString: connectionString, storeAccountUrl: url } = config;
  if (connectionString !== undefined) return { kind: 'connection-string', connectionString };
  return url === undefined ? undefined : { kind: 'entra-id', url, credential: await azureCredential() };
}
