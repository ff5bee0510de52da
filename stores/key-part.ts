import { createHash } from 'node:crypto';

/** Any text as one part of a store key: as it is where the store allows it, else a hash of it. */
export function keyPart(text: string): string {
  if (/^[A-Za-z0-9_-]{1,80}$/.test(text)) return text;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
