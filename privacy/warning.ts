import type { EncryptionKey } from '../core/encryption-key.ts';
import type { Logger } from '../service/log.ts';

/** Said once by each process that writes health data. */
export function warnUnlessEncrypted(keys: readonly EncryptionKey[] | undefined, log: Logger): void {
  if (keys !== undefined) return;
  log.warn('no encryption keys are set (IOMT_ENCRYPTION_KEYS): readings lie unencrypted in Temporal and in the store');
}
