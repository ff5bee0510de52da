import type { BlobClient, BlockBlobUploadOptions } from '@azure/storage-blob';
import { buffer } from 'node:stream/consumers';
import { codeOf, guarded, orNoBlob } from './blob-errors.ts';
import type { BlobContainer } from './blob-container.ts';
import type { ListedObject, ObjectStore, StoredObject, WriteCondition } from './object-store.ts';
import { assertKey, assertPrefix, StoreConflictError } from './object-store.ts';

/** Most that one append may carry; more goes as several. Newer versions of the service take more, all take this. */
const MOST_APPENDED_BYTES = 4 * 1024 * 1024;
/** A call that hangs ends as one that has failed: whoever made it tries again. */
const CALL_WITHIN_MS = 30_000;
/** A listing is many calls, one for each five thousand keys. */
const LIST_WITHIN_MS = 300_000;

const within = (ms: number): { readonly abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(ms) });

/**
 * The object store in a container of Azure Blob Storage, for any number of processes on any number of machines. An
 * object is a block blob of its key's name, its version the blob's ETag; what is appended to is an append blob.
 *
 * A conditional write and an append are sent once: one whose answer was lost could not be told from somebody else's.
 */
export function createBlobStore({ repeating, once }: BlobContainer): ObjectStore {
  return {
    async get(key) {
      assertKey(key);
      return await guarded('read', key, () => orNoBlob(() => download(repeating.getBlobClient(key))));
    },

    async put(key, value, condition) {
      assertKey(key);
      const blob = (condition === undefined ? repeating : once).getBlockBlobClient(key);
      return await guarded('write', key, async () => {
        const { etag } = await orConflict(key, condition, () =>
          blob.upload(value, value.byteLength, { ...conditionsOf(condition), ...within(CALL_WITHIN_MS) }),
        );
        return given(etag);
      });
    },

    async append(key, value) {
      assertKey(key);
      const blob = once.getAppendBlobClient(key);
      const add = async (part: Uint8Array): Promise<void> => {
        await blob.appendBlock(part, part.byteLength, within(CALL_WITHIN_MS));
      };
      await guarded('append to', key, async () => {
        for (let at = 0; at < value.byteLength; at += MOST_APPENDED_BYTES) {
          const part = value.subarray(at, at + MOST_APPENDED_BYTES);
          const isAdded = await orNoBlob(async () => {
            await add(part);
            return true;
          });
          if (isAdded === true) continue;
          await blob.createIfNotExists(within(CALL_WITHIN_MS));
          await add(part);
        }
      });
    },

    async readAppended(key) {
      assertKey(key);
      const stored = await guarded('read', key, () => orNoBlob(() => download(repeating.getBlobClient(key))));
      return stored?.value;
    },

    async *list(prefix) {
      assertPrefix(prefix);
      yield* await guarded('list', prefix, () => listKeys(repeating, prefix));
    },

    async delete(key) {
      assertKey(key);
      await guarded('delete', key, () =>
        repeating.getBlobClient(key).deleteIfExists({ deleteSnapshots: 'include', ...within(CALL_WITHIN_MS) }),
      );
    },
  };
}

/** One answer holds value and version, so they belong together whatever is written meanwhile. */
async function download(blob: BlobClient): Promise<StoredObject> {
  const { etag, readableStreamBody } = await blob.download(0, undefined, within(CALL_WITHIN_MS));
  return { value: await buffer(given(readableStreamBody)), version: given(etag) };
}

function conditionsOf(condition: WriteCondition | undefined): BlockBlobUploadOptions {
  if (condition === undefined) return {};
  return { conditions: 'ifAbsent' in condition ? { ifNoneMatch: '*' } : { ifMatch: condition.ifVersion } };
}

async function orConflict<T>(key: string, condition: WriteCondition | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const isConflict = condition !== undefined && ['BlobAlreadyExists', 'ConditionNotMet'].includes(codeOf(error));
    throw isConflict ? new StoreConflictError(key) : error;
  }
}

/** In order of key as text: a hierarchical namespace would give them in order of folders. */
async function listKeys(container: BlobContainer['repeating'], prefix: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const { name, properties } of container.listBlobsFlat({ prefix, ...within(LIST_WITHIN_MS) })) {
    const { contentLength, lastModified } = properties;
    found.push({ key: name, sizeBytes: given(contentLength), modifiedAt: lastModified.getTime() });
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What the service gives with every answer, though its types do not say so. */
function given<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('Expected the answer of Azure Storage to be complete');
  return value;
}
