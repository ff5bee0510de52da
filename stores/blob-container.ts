import { ContainerClient } from '@azure/storage-blob';
import { OperatorError } from '../core/operator-error.ts';
import { codeOf, describeFailure } from './blob-errors.ts';

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
export async function openBlobContainer(connectionString: string, name: string): Promise<BlobContainer> {
  const container = {
    repeating: clientOf(connectionString, name, REPEATING),
    once: clientOf(connectionString, name, ONCE),
  };
  await makeContainer(container.repeating);
  return container;
}

function clientOf(connectionString: string, name: string, retryOptions: typeof ONCE): ContainerClient {
  try {
    return new ContainerClient(connectionString, name, { retryOptions });
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
        'check IOMT_STORE_CONNECTION_STRING and IOMT_STORE_CONTAINER',
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
