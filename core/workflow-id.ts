import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Postgres holds 255 bytes of a workflow id; what is longer than this becomes a hash. */
const MAX_ID_BYTES = 200;

/**
 * The id of the workflow that takes one device's measurements of one type: deployment, device and type joined by dots.
 * All other bytes than `[A-Za-z0-9_-]` stand as `~xx`, so that different devices never share an id and the Temporal UI,
 * which has stumbled over `/` and `%`, shows it.
 */
export function workflowIdOf(deployment: string, deviceId: string, type: string): string {
  const id = [deployment, deviceId, type].map(escapeIdPart).join('.');
  // UTF-8 knows no unpaired surrogates, and would make different ids equal; the JSON below tells them apart.
  const isExact = deviceId.isWellFormed() && type.isWellFormed();
  if (isExact && id.length <= MAX_ID_BYTES) return id;
  const hash = bytesToHex(sha256(utf8ToBytes(JSON.stringify([deviceId, type]))));
  return `${escapeIdPart(deployment).slice(0, MAX_ID_BYTES - 3 - hash.length)}.~.${hash}`;
}

function escapeIdPart(part: string): string {
  if (/^[A-Za-z0-9_-]*$/.test(part)) return part;
  return Array.from(utf8ToBytes(part), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char) ? char : `~${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
