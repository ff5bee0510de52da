/**
 * The partition of a key, as Event Hubs and its SDKs compute it: Bob Jenkins' lookup3 (`hashlittle2`) over the key's
 * UTF-8 bytes, the low 16 bits of `c ^ b` as a signed number, modulo the number of partitions, without its sign.
 *
 * @see https://burtleburtle.net/bob/c/lookup3.c
 */
export function partitionOfKey(key: string, partitionCount: number): number {
  const bytes = Buffer.from(key, 'utf8');
  const state: HashState = { a: 0, b: 0, c: 0 };
  state.a = state.b = state.c = (0xdeadbeef + bytes.length) | 0;
  let at = 0;
  for (; bytes.length - at > BLOCK_BYTES; at += BLOCK_BYTES) {
    add(state, bytes, at);
    mix(state);
  }
  if (at < bytes.length) {
    const tail = Buffer.alloc(BLOCK_BYTES);
    bytes.copy(tail, 0, at);
    add(state, tail, 0);
    finish(state);
  }
  return Math.abs((((state.c ^ state.b) << 16) >> 16) % partitionCount);
}

/** Three 32-bit integers; all arithmetic wraps around. */
interface HashState {
  a: number;
  b: number;
  c: number;
}

const BLOCK_BYTES = 12;

function add(state: HashState, block: Buffer, at: number): void {
  state.a = (state.a + block.readUInt32LE(at)) | 0;
  state.b = (state.b + block.readUInt32LE(at + 4)) | 0;
  state.c = (state.c + block.readUInt32LE(at + 8)) | 0;
}

function mix(state: HashState): void {
  let { a, b, c } = state;
  a = ((a - c) | 0) ^ rotate(c, 4);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rotate(a, 6);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rotate(b, 8);
  b = (b + a) | 0;
  a = ((a - c) | 0) ^ rotate(c, 16);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rotate(a, 19);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rotate(b, 4);
  b = (b + a) | 0;
  Object.assign(state, { a, b, c });
}

function finish(state: HashState): void {
  let { a, b, c } = state;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  Object.assign(state, { a, b, c });
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
