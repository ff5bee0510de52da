import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * The id of the resource that is made for an identifier, the same that the original gives: 64 hexadecimal digits. Who
 * makes it again meets it.
 *
 * @param system empty for an identifier without one
 */
export function deterministicId(system: string, value: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${system}_${value}`)));
}
