import { StoreConflictError, StoreUnavailableError } from './object-store.ts';

/**
 * What Azure Storage refused, or why it could not be reached: status and code only. The SDK's own errors hold the
 * request, with its address and signature.
 */
class BlobServiceError extends Error {
  override readonly name = 'BlobServiceError';
  readonly code: string;
  constructor(error: unknown) {
    const code = codeOf(error);
    super(`Azure Storage: ${describeFailure(error)}`);
    this.code = code;
  }
}

/** Turns what the SDK throws into the store's own errors. */
export async function guarded<T>(action: string, key: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StoreConflictError) throw error;
    throw new StoreUnavailableError(action, key, { cause: new BlobServiceError(error) });
  }
}

/** What a read found, or undefined where there is no such blob. */
export async function orNoBlob<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (codeOf(error) === 'BlobNotFound') return undefined;
    throw error;
  }
}

/** The service's code, such as `ConditionNotMet`, or that of a failed connection; empty where there is none. */
export function codeOf(error: unknown): string {
  return member(error, 'code') ?? '';
}

/** `AuthenticationFailed (403)`, `ECONNREFUSED`, `TimeoutError`: what may be shown to anybody. */
export function describeFailure(error: unknown): string {
  const status = member(error, 'statusCode');
  const code = member(error, 'code') ?? member(error, 'name') ?? 'unknown';
  return status === undefined ? code : `${code} (${status})`;
}

/** Not by `instanceof`: the SDK is loaded once for each kind of module. */
function member(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
