import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import { parseExactJson } from '../expression/exact-json.ts';
import { isArray } from '../expression/json-kind.ts';
import { ORIGINAL_JSON, RELAXED_JSON } from '../json-dialect.ts';
import type { JsonDialect } from '../json-dialect.ts';
import { hasNumericNames, mayBeMoved, orderedValues } from '../ordered-members.ts';
import { JsonDepthError, MAX_DEPTH, RelaxedJsonReader } from '../relaxed-json-reader.ts';

/** `strict`: JSON in UTF-8. `lenient`: whatever the original's reader takes. */
export type BodyReader = 'strict' | 'lenient';

// Replacement characters would make two devices one: a body that is no UTF-8 is refused.
const strictDecoder = new TextDecoder('utf-8', { fatal: true });
const lenientDecoder = new TextDecoder('utf-8');

/**
 * Reads the body of an event: one JSON value in UTF-8, a byte order mark skipped; zero bytes are null. Integers are
 * exact; of members named alike the last holds. What `strict` takes, `lenient` takes alike; beyond that it takes what the
 * original does: comments, trailing commas, single quotes, names without quotes, hexadecimal and octal numbers, `NaN`,
 * `Infinity`, anything after the value, and U+FFFD for what is no UTF-8.
 *
 * @throws IngestError BODY_NOT_JSON, or BODY_TOO_DEEP beyond 64 nested levels
 */
export function parseMessageBody(bytes: Uint8Array, reader: BodyReader = 'strict'): JsonValue {
  return bytes.length === 0 ? null : read(textOf(bytes, reader), reader, MAX_DEPTH);
}

/**
 * Reads the text of a whole message, `{Body, Properties, SystemProperties}`, or of any other object that templates are
 * tried on; as `parseMessageBody`, its bound that of the body.
 *
 * @throws IngestError as `parseMessageBody`
 */
export function parseDeviceMessage(text: string, reader: BodyReader = 'strict'): JsonObject {
  const message = read(text, reader, MAX_DEPTH + 1);
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw notJson('an object');
  if (!('Body' in message)) checkDepth(message, MAX_DEPTH);
  return message as JsonObject;
}

function textOf(bytes: Uint8Array, reader: BodyReader): string {
  try {
    return (reader === 'strict' ? strictDecoder : lenientDecoder).decode(bytes);
  } catch {
    // The decoder says nothing but that it is no UTF-8.
    throw notJson();
  }
}

function read(text: string, reader: BodyReader, levels: number): JsonValue {
  let value: JsonValue;
  try {
    const plain = JSON.parse(text) as JsonValue;
    if (isPlain(plain, levels)) return plain;
    value = parseExactJson(text);
  } catch (error) {
    // The parser's message quotes the body, so it goes no further.
    if (error instanceof RangeError) throw tooDeep();
    if (reader === 'strict') throw notJson();
    return relaxed(text, ORIGINAL_JSON, levels);
  }
  checkDepth(value, levels);
  return hasNumericNames(text) ? relaxed(text, RELAXED_JSON, levels) : value;
}

/**
 * Whether a value is all that its text says: within its depth, with no number that may have been rounded, and no name
 * that may have been moved. One look at it tells what three would; nearly every body is plain.
 */
function isPlain(value: JsonValue, levels: number): boolean {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  if (isArray(value)) return value.every((item) => isPlain(item, levels - 1));
  const names = Object.keys(value);
  return !mayBeMoved(names) && names.every((name) => isPlain(value[name] ?? null, levels - 1));
}

function relaxed(text: string, dialect: JsonDialect, levels: number): JsonValue {
  try {
    return new RelaxedJsonReader(text, dialect, orderedValues, levels).read();
  } catch (error) {
    throw error instanceof JsonDepthError ? tooDeep() : notJson();
  }
}

/** @throws IngestError BODY_TOO_DEEP */
function checkDepth(value: JsonValue, levels: number): void {
  if (!isWithin(levels, value)) throw tooDeep();
}

function isWithin(levels: number, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child: JsonValue) => isWithin(levels - 1, child));
}

function tooDeep(): IngestError {
  return new IngestError('BODY_TOO_DEEP', `Expected a body of at most ${MAX_DEPTH} nested levels`);
}

function notJson(expected = 'one JSON value in UTF-8'): IngestError {
  return new IngestError('BODY_NOT_JSON', `Expected the body to be ${expected}`);
}
