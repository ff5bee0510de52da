import { OperatorError } from './operator-error.ts';

/** Something encrypted cannot be read: its key is not configured, or it is not as it was written. */
export class DecryptionError extends OperatorError {
  override readonly name = 'DecryptionError';
}
