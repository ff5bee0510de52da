import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger };

/**
 * Structured log of one process, a JSON object a line. No reading, patient or device may be given to it: log places
 * (partition, sequence number, workflow id) and codes.
 */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level, serializers: { err: describeError } });
}

/** Errors of libraries may quote what they were given: name, code and frames are logged, foreign texts are not. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const ours = [
    'IngestError',
    'StoreUnavailableError',
    'StoreConflictError',
    'StoredObjectError',
    'ConfigError',
    'HeldBackError',
    'DecryptionError',
  ];
  return {
    type: error.name,
    ...('code' in error && { code: error.code }),
    ...(ours.includes(error.name) && { message: error.message }),
    frames: error.stack
      ?.split('\n')
      .filter((line) => line.trimStart().startsWith('at '))
      .slice(0, 8),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
