import { AmqpConditionError } from './amqp-error.ts';

/**
 * Reads AMQP 1.0 values where they lie, without decoding them: an event's own bytes, and with them its exact types, can
 * then be stored and delivered untouched. Everything here throws `amqp:decode-error` for bytes that end too early.
 *
 * @see https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html
 */
export interface MapEntry {
  /** Undefined when the key is no text. */
  readonly key: string | undefined;
  readonly startsAt: number;
  readonly valueAt: number;
  readonly endsAt: number;
}

const DESCRIBED = 0x00;
const FIXED_WIDTHS: Readonly<Record<number, number>> = { 0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16 };
const BINARY_8 = 0xa0;
const BINARY_32 = 0xb0;
const STRING_8 = 0xa1;
const STRING_32 = 0xb1;
const SYMBOL_8 = 0xa3;
const SYMBOL_32 = 0xb3;
const MAP_8 = 0xc1;
const MAP_32 = 0xd1;
const LONG = 0x81;
const TIMESTAMP = 0x83;

/** The position just past the value that starts at `position`. */
export function endOfValue(bytes: Buffer, position: number): number {
  const code = byteAt(bytes, position);
  if (code === DESCRIBED) return endOfValue(bytes, endOfValue(bytes, position + 1));
  const end = position + 1 + widthAfterCode(bytes, position, code >>> 4);
  if (end > bytes.length) throw malformed('a value ends before its length says');
  return end;
}

function widthAfterCode(bytes: Buffer, position: number, kind: number): number {
  const fixed = FIXED_WIDTHS[kind];
  if (fixed !== undefined) return fixed;
  if (kind === 0xa || kind === 0xc || kind === 0xe) return 1 + byteAt(bytes, position + 1);
  if (kind === 0xb || kind === 0xd || kind === 0xf) return 4 + uint32At(bytes, position + 1);
  throw malformed('a value has an unknown type code');
}

/** The bytes of a binary, string or symbol; undefined for any other type. */
function readBytes(bytes: Buffer, position: number, codes: readonly number[]): Buffer | undefined {
  const code = byteAt(bytes, position);
  if (!codes.includes(code)) return undefined;
  const lengthWidth = code >>> 4 === 0xa ? 1 : 4;
  return bytes.subarray(position + 1 + lengthWidth, endOfValue(bytes, position));
}

export function readBinary(bytes: Buffer, position: number): Buffer | undefined {
  return readBytes(bytes, position, [BINARY_8, BINARY_32]);
}

export function readText(bytes: Buffer, position: number): string | undefined {
  return readBytes(bytes, position, [STRING_8, STRING_32, SYMBOL_8, SYMBOL_32])?.toString('utf8');
}

/** The entries of the map at `position`, in order. */
export function readMapEntries(bytes: Buffer, position: number): MapEntry[] {
  const code = byteAt(bytes, position);
  if (code !== MAP_8 && code !== MAP_32) throw malformed('annotations are no map');
  const end = endOfValue(bytes, position);
  const countAt = position + (code === MAP_8 ? 2 : 5);
  const count = code === MAP_8 ? byteAt(bytes, countAt) : uint32At(bytes, countAt);
  const entries: MapEntry[] = [];
  let at = countAt + (code === MAP_8 ? 1 : 4);
  for (let index = 0; index < count; index += 2) {
    const valueAt = endOfValue(bytes, at);
    const endsAt = endOfValue(bytes, valueAt);
    if (endsAt > end) throw malformed('a map holds more than its length says');
    entries.push({ key: readText(bytes, at), startsAt: at, valueAt, endsAt });
    at = endsAt;
  }
  return entries;
}

/** At most 255 ASCII characters, as annotation keys are. */
export function encodeSymbol(text: string): Buffer {
  return Buffer.from([SYMBOL_8, text.length, ...Buffer.from(text, 'ascii')]);
}

/** At most 255 bytes of UTF-8. */
export function encodeString(text: string): Buffer {
  const utf8 = Buffer.from(text, 'utf8');
  return Buffer.from([STRING_8, utf8.length, ...utf8]);
}

export function encodeLong(value: number): Buffer {
  return encodeInt64(LONG, value);
}

/** @param at milliseconds since the epoch */
export function encodeTimestamp(at: number): Buffer {
  return encodeInt64(TIMESTAMP, at);
}

/** @param entries encoded keys and values, alternating; `count` of them together */
export function encodeMap(entries: readonly Buffer[], count: number): Buffer {
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(9);
  head[0] = MAP_32;
  head.writeUInt32BE(body.length + 4, 1);
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, body]);
}

function encodeInt64(code: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = code;
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

export function byteAt(bytes: Buffer, position: number): number {
  const byte = bytes[position];
  if (byte === undefined) throw malformed('a value ends before its length says');
  return byte;
}

function uint32At(bytes: Buffer, position: number): number {
  if (position + 4 > bytes.length) throw malformed('a value ends before its length says');
  return bytes.readUInt32BE(position);
}

export function malformed(what: string): AmqpConditionError {
  return new AmqpConditionError('amqp:decode-error', `The message cannot be decoded: ${what}.`);
}
