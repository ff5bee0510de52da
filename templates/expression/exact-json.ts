import type { JsonValue } from '../../core/device-message.ts';

const MANY_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

/**
 * `JSON.parse`, except that integers beyond the safe range of a double come out as `bigint`. The exact reader costs
 * several times the plain one, so it runs only on a text that holds 16 digits in a row.
 *
 * @throws SyntaxError, whose message quotes the text: never pass it on
 */
export function parseExactJson(text: string): JsonValue {
  const plain = JSON.parse(text) as JsonValue;
  return MANY_DIGITS.test(text) ? (JSON.parse(text, exactly) as JsonValue) : plain;
}

function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}
