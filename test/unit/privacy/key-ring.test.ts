import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecryptionError } from '../../../core/decryption-error.ts';
import type { Sealed } from '../../../privacy/key-ring.ts';
import { createKeyRing } from '../../../privacy/key-ring.ts';
import { keyOf } from '../../support/encryption-keys.ts';

const [k1, k2] = [keyOf('k1'), keyOf('k2')];
const ring = createKeyRing([k1]);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sealed = (plain: Uint8Array, context = 'here'): Sealed => ring.seal(plain, context)!;
const failureOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DecryptionError) return error.message;
    throw error;
  }
  return 'none';
};

test('what is sealed opens as it was, whatever it is', () => {
  const any = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string({ minLength: 200, maxLength: 3000 }).map(bytes));
  fc.assert(
    fc.property(any, fc.string(), (plain, context) => {
      expect(Buffer.compare(ring.open(sealed(plain, context), context), plain)).toBe(0);
    }),
  );
});

test('the same twice is not the same encrypted, and nothing of it is to be seen', () => {
  const plain = bytes('heartRate 71 of patient-4711');
  expect(sealed(plain).bytes).not.toEqual(sealed(plain).bytes);
  expect(Buffer.from(sealed(plain).bytes).includes('patient')).toBe(false);
});

describe('size', () => {
  test('what repeats itself is compressed first', () => {
    expect(sealed(bytes('{"heartRate":71},'.repeat(1000))).bytes.byteLength).toBeLessThan(500);
  });

  test.each([0, 1, 127, 128, 5000, 2_000_000])('%d bytes that do not shrink become 29 more', (size) => {
    const noise = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
    const plain = Uint8Array.from({ length: size }, (_, i) => noise[(i * 7919) % noise.length]! ^ ((i >> 16) & 255));
    expect(sealed(plain).bytes.byteLength).toBeLessThanOrEqual(size + 29);
  });
});

describe('keys', () => {
  test('the first encrypts, all decrypt', () => {
    const old = sealed(bytes('old'));
    const rotated = createKeyRing([k2, k1]);
    expect(rotated.seal(bytes('new'), 'here')?.keyId).toBe('k2');
    expect(Buffer.from(rotated.open(old, 'here')).toString()).toBe('old');
  });

  test('without any, nothing is sealed', () => {
    expect(createKeyRing([]).seal(bytes('plain'), 'here')).toBeUndefined();
  });

  test('one that is not there is named by its id, and nothing else is told', () => {
    expect(failureOf(() => createKeyRing([k2]).open(sealed(bytes('secret')), 'here'))).toBe(
      'Expected the encryption key k1: it is not among those set (IOMT_ENCRYPTION_KEYS)',
    );
    expect(failureOf(() => createKeyRing([]).open(sealed(bytes('secret')), 'here'))).toContain('no encryption keys');
    expect(failureOf(() => ring.open({ keyId: 'patient 4711', bytes: bytes('x') }, 'here'))).not.toContain('4711');
  });

  test('another key under the same id does not open it', () => {
    const impostor = createKeyRing([{ ...keyOf('k1') }]);
    expect(failureOf(() => impostor.open(sealed(bytes('secret')), 'here'))).toContain('the key k1 cannot be read');
  });
});

test('what was changed, cut off or put elsewhere does not open', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (p, at, flip) => {
        const whole = sealed(p);
        const changed = Uint8Array.from(whole.bytes);
        changed[at % changed.length]! ^= flip;
        const wrong = [changed, whole.bytes.subarray(0, at % whole.bytes.length)];
        for (const each of wrong) expect(failureOf(() => ring.open({ ...whole, bytes: each }, 'here'))).toContain('k1');
        expect(failureOf(() => ring.open(whole, 'there'))).toContain('k1');
      },
    ),
  );
});
