import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { workflowIdOf } from './workflow-id.ts';

/** What devices and their workflows are called in Temporal, which encrypts neither workflow ids nor search attributes. */
export interface Naming {
  /** Of a device, as the search attribute `IomtDevice` has it. */
  readonly device: (deviceId: string) => string;
  /** Id of the workflow that takes one device's measurements of one type. */
  readonly workflow: (deviceId: string, type: string) => string;
  /** Tells namings apart that give different names; nothing follows from it but that. */
  readonly fingerprint: string;
}

/** Of 64 digits: 128 bits, so that no two devices of any fleet share a name. */
const NAME_DIGITS = 32;
const FINGERPRINT_DIGITS = 16;

/** @param idHashKey by which devices are named instead of by their ids; without it they are named as they are */
export function namingOf(deployment: string, idHashKey?: Uint8Array): Naming {
  const digits = (kind: string, text: string): string =>
    idHashKey === undefined ? '' : bytesToHex(hmac(sha256, idHashKey, utf8ToBytes(`${kind}:${text}`)));
  const device = (deviceId: string): string =>
    // As JSON, since UTF-8 would make unpaired surrogates equal.
    idHashKey === undefined ? deviceId : digits('device', JSON.stringify(deviceId)).slice(0, NAME_DIGITS);
  return {
    device,
    workflow: (deviceId, type) => workflowIdOf(deployment, device(deviceId), type),
    fingerprint: idHashKey === undefined ? 'plain' : `hashed-${digits('key', '').slice(0, FINGERPRINT_DIGITS)}`,
  };
}
