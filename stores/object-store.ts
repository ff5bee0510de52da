import { OperatorError } from '../core/operator-error.ts';
/** What is stored under a key, and the version a conditional write names. */
export interface StoredObject {
  readonly value: Uint8Array;
  readonly version: string;
}

/** Write only if the stored version is still this one, or only if nothing is stored. */
export type WriteCondition = { readonly ifVersion: string } | { readonly ifAbsent: true };

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/**
 * The port of everything that is kept outside FHIR, the hub and Temporal. Keys are `/`-separated paths of
 * `[A-Za-z0-9._~-]`. What a write has resolved survives a crash of the process and of the machine.
 */
export interface ObjectStore {
  /** The newest version, or undefined. */
  get(key: string): Promise<StoredObject | undefined>;
  /**
   * Writes the whole object and returns its new version.
   *
   * @throws StoreConflictError when the condition does not hold; nothing has been written then
   */
  put(key: string, value: Uint8Array, condition?: WriteCondition): Promise<string>;
  /**
   * Adds to the end of an object of its own kind: never mixed with `put`. One writer a key. An object takes fifty
   * thousand appends at least; one that takes no more fails, as one that could not be written: begin another.
   */
  append(key: string, value: Uint8Array): Promise<void>;
  /** The bytes of an appended object; a crash may have left its last record torn. */
  readAppended(key: string): Promise<Uint8Array | undefined>;
  /** All keys that begin with the prefix, in order of key. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
}

/** A conditional write came too late: somebody else has written since. Read again. */
export class StoreConflictError extends Error {
  override readonly name = 'StoreConflictError';
  constructor(key: string) {
    super(`Expected ${key} to be unchanged since it was read, but it has been written`);
  }
}

/** The store could not be read or written; the same call may work later. */
export class StoreUnavailableError extends OperatorError {
  override readonly name = 'StoreUnavailableError';
  constructor(action: string, key: string, options?: ErrorOptions) {
    super(`Could not ${action} ${key} in the store`, options);
  }
}

const KEY = /^[A-Za-z0-9._~-]+(\/[A-Za-z0-9._~-]+)*$/;

/** @throws RangeError for a prefix no key can begin with */
export function assertPrefix(prefix: string): void {
  if (prefix !== '') assertKey(prefix.replace(/\/$/, ''));
}

/** @throws RangeError for a key that a store could not hold, or that would leave it */
export function assertKey(key: string): void {
  if (!KEY.test(key) || key.split('/').some((part) => part === '.' || part === '..')) {
    throw new RangeError('Expected a store key of parts made of letters, digits, dot, underscore, tilde and hyphen');
  }
}
