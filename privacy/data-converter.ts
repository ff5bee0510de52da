import type { DataConverter } from '@temporalio/common';
import { fileURLToPath } from 'node:url';
import type { EncryptionKey } from '../core/encryption-key.ts';
import { createKeyRing } from './key-ring.ts';
import { createPayloadCodec } from './payload-codec.ts';

const FAILURE_CONVERTER = fileURLToPath(new URL('failure-converter.ts', import.meta.url));

/**
 * What every client, worker and bundle of workflows converts failures with. Without keys they stay as they are, so that
 * Temporal's UI shows them in words.
 */
export function failureConverterOf(
  keys: readonly EncryptionKey[] | undefined,
): Pick<DataConverter, 'failureConverterPath'> {
  return keys === undefined ? {} : { failureConverterPath: FAILURE_CONVERTER };
}

/** How every client and worker reads and writes what Temporal keeps. Also without keys: it tells then what is missing. */
export function dataConverterOf(keys: readonly EncryptionKey[] | undefined): DataConverter {
  return { payloadCodecs: [createPayloadCodec(createKeyRing(keys ?? []))], ...failureConverterOf(keys) };
}
