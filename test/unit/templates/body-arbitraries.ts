import fc from 'fast-check';
import { stringify } from 'lossless-json';
import { message } from './template-arbitraries.ts';

/** What may happen to the bytes of a body. */
type Change = (bytes: Uint8Array) => Uint8Array;

const bytesOf = (text: string) => new TextEncoder().encode(text);

function spliced(bytes: Uint8Array, start: number, end: number, text: string): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, start), ...bytesOf(text), ...bytes.subarray(end)]);
}

/** The bytes from an index on, round the end, that are the first of those looked for. */
function placeOf(bytes: Uint8Array, from: number, wanted: string): number {
  const start = from % (bytes.length + 1);
  const found = bytes.findIndex((byte, index) => index >= start && wanted.includes(String.fromCharCode(byte)));
  return found === -1 ? bytes.findIndex((byte) => wanted.includes(String.fromCharCode(byte))) : found;
}

const flipped = fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }).map(
  ({ at, bits }): Change =>
    (bytes) =>
      Uint8Array.from(bytes, (byte, index) => (index === at % bytes.length ? byte ^ bits : byte)),
);
const cut = fc.nat().map(
  (at): Change =>
    (bytes) =>
      bytes.subarray(0, at % (bytes.length + 1)),
);
const inserted = fc
  .record({
    at: fc.nat(),
    text: fc.constantFrom('"id":"d",', '"pulse":{"id":1},', '"at":"07:30",', '"":0,', '"7":[],', 'x:1,', '/**/', ' '),
  })
  .map(({ at, text }): Change => (bytes) => {
    const place = placeOf(bytes, at, '{') + 1;
    return spliced(bytes, place, place, text);
  });
const numbered = fc
  .record({
    at: fc.nat(),
    text: fc.constantFrom('9'.repeat(30), '9'.repeat(5000), '1e999', '-0', '1E-400', '0x1F', 'NaN'),
  })
  .map(({ at, text }): Change => (bytes) => {
    const place = placeOf(bytes, at, '0123456789');
    return place === -1 ? bytes : spliced(bytes, place, place + 1, text);
  });
const nested = fc.nat(70).map(
  (levels): Change =>
    (bytes) =>
      spliced(
        spliced(bytes, 0, 0, '['.repeat(levels)),
        bytes.length + levels,
        bytes.length + levels,
        ']'.repeat(levels),
      ),
);

const change = fc.oneof<fc.Arbitrary<Change>[]>(flipped, cut, inserted, numbered, nested);
const nearlyMessage = fc
  .tuple(message, fc.option(change), fc.option(change, { freq: 1 }))
  .map(([{ Body }, ...changes]) =>
    changes.reduce<Uint8Array>((bytes, each) => each?.(bytes) ?? bytes, bytesOf(stringify(Body) ?? '')),
  );

/** Bodies as bytes: of messages that templates read, most of them changed at a place or two; rarely anything at all. */
export const bodyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: nearlyMessage },
  { weight: 1, arbitrary: fc.uint8Array() },
  { weight: 1, arbitrary: fc.json({ maxDepth: 70 }).map(bytesOf) },
);
