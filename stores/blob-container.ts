import type { TokenCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';
import { OperatorError } from '../core/operator-error.ts';
import { codeOf, describeFailure } from './blob-errors.ts';

/** The account of a container, and how it is opened. */
export type BlobAccount =
  | { readonly kind: 'connection-string'; readonly connectionString: string }
  | { readonly kind: 'entra-id'; readonly url: string; readonly credential: TokenCredential };

/** Two ways to the same container: one that repeats a call that failed in passing, and one that sends it once. */
export interface BlobContainer {
  readonly repeating: ContainerClient;
  readonly once: ContainerClient;
}

/** Short: whoever uses the store tries again for ever, and says meanwhile what it waits for. */
const REPEATING = { maxTries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 1000 };
const ONCE = { maxTries: 1 };
const OPEN_WITHIN_MS = 30_000;

/**
 * Opens the container, made if need be.
 *
 * @throws OperatorError when the connection string is none, or the container can be neither made nor used
 */
export async function openBlobContainer(account: BlobAccount, name: string): Promise<BlobContainer> {
  const container = {
    repeating: clientOf(account, name, REPEATING),
    once: clientOf(account, name, ONCE),
  };
  await makeContainer(container.repeating);
  return container;
}

function clientOf(account: BlobAccount, name: string, retryOptions: typeof ONCE): ContainerClient {
  if (account.kind === 'entra-id') {
    return new ContainerClient(`${account.url}/${name}`, account.credential, { retryOptions });
  }
  try {
    return new ContainerClient(account.connectionString, name, { retryOptions });
  } catch {
    // The SDK's error may quote the connection string, with its key.
    throw new OperatorError('IOMT_STORE_CONNECTION_STRING is no connection string of Azure Storage');
  }
}

async function makeContainer(container: ContainerClient): Promise<void> {
  const abortSignal = AbortSignal.timeout(OPEN_WITHIN_MS);
  try {
    await container.createIfNotExists({ abortSignal });
  } catch (error) {
    // A shared access signature of one container may use it, but not make it.
    if (codeOf(error).startsWith('Authorization') && (await isUsable(container, abortSignal))) return;
    throw new OperatorError(
      `The container ${container.containerName} of the store can be neither made nor used: ${describeFailure(error)}; ` +
        'check IOMT_STORE_CONTAINER and IOMT_STORE_CONNECTION_STRING or IOMT_STORE_ACCOUNT_URL',
    );
  }
}

async function isUsable(container: ContainerClient, abortSignal: AbortSignal): Promise<boolean> {
  try {
    await container.listBlobsFlat({ abortSignal }).byPage({ maxPageSize: 1 }).next();
    return true;
  } catch {
    return false; // the refusal to make it tells more, and is told
  }
}
