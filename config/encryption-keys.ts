import { z } from 'zod';
import type { EncryptionKey } from '../core/encryption-key.ts';

const KEY_BYTES = 32;
const EXPECTED_BYTES = `${KEY_BYTES} random bytes in base64 (openssl rand -base64 ${KEY_BYTES})`;
const EXPECTED = `pairs id:key separated by commas, each key ${EXPECTED_BYTES}`;

/** One secret key. What is wrong is told without what was found. */
export const SecretKey = z.string().transform((value, context): Uint8Array => {
  const bytes = keyBytes(value.trim());
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: `expected ${EXPECTED_BYTES}` });
  return z.NEVER;
});

/** `id:key` pairs. The first encrypts, all decrypt. */
export const EncryptionKeys = z.string().transform((value, context): readonly EncryptionKey[] => {
  const keys: EncryptionKey[] = [];
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const pairs = value.split(',').filter((pair) => pair.trim() !== '');
  for (const [i, pair] of pairs.entries()) {
    const at = pair.indexOf(':');
    const id = pair.slice(0, Math.max(0, at)).trim();
    const place = pairs.length > 1 ? ` (in pair ${i + 1})` : '';
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) return refuse(`expected ${EXPECTED}${place}`);
    const bytes = keyBytes(pair.slice(at + 1).trim());
    if (bytes === undefined) return refuse(`expected the key ${i + 1} to be ${EXPECTED_BYTES}`);
    if (keys.some((key) => key.id === id)) return refuse(`expected every id once (pair ${i + 1} has one again)`);
    keys.push({ id, bytes });
  }
  return keys.length > 0 ? keys : refuse(`expected ${EXPECTED}`);
});

function keyBytes(text: string): Uint8Array | undefined {
  // Strictly: what is cut off or misspelt would otherwise still be read, as another key.
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES ? new Uint8Array(bytes) : undefined;
}
