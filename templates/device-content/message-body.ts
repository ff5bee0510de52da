import type { JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import { parseExactJson } from '../expression/exact-json.ts';

/** Nesting a body may have; the original's bound. */
const MAX_DEPTH = 64;

// Replacement characters would make two devices one: a body that is no UTF-8 is refused.
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of an event: one strict JSON value in UTF-8, a byte order mark skipped; zero bytes are null. Integers
 * are exact; of members named alike the last holds.
 *
 * @throws IngestError BODY_NOT_JSON, or BODY_TOO_DEEP beyond 64 nested levels
 */
export function parseMessageBody(bytes: Uint8Array): JsonValue {
  if (bytes.length === 0) return null;
  const body = read(bytes);
  if (!isWithin(MAX_DEPTH, body)) {
    throw new IngestError('BODY_TOO_DEEP', `Expected a body of at most ${MAX_DEPTH} nested levels`);
  }
  return body;
}

function read(bytes: Uint8Array): JsonValue {
  try {
    return parseExactJson(decoder.decode(bytes));
  } catch (error) {
    // The parser's message quotes the body, so it goes no further.
    const isDeep = error instanceof RangeError;
    throw isDeep
      ? new IngestError('BODY_TOO_DEEP', `Expected a body of at most ${MAX_DEPTH} nested levels`)
      : new IngestError('BODY_NOT_JSON', 'Expected the body to be one JSON value in UTF-8');
  }
}

function isWithin(levels: number, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child: JsonValue) => isWithin(levels - 1, child));
}
