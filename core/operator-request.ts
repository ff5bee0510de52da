import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { IngestErrorCode } from './errors.ts';
import type { ResolvedIdentity } from './identity.ts';

/** Who asked for something, and why: it stays with what came of it. */
export interface OperatorWord {
  readonly by: string;
  readonly why: string;
}

/** What an operator decided of measurements that wait. It is carried out however long that takes, whatever comes between. */
export type OperatorDecision = OperatorWord & { readonly requestId: string } & (
    { readonly kind: 'assign'; readonly to: ResolvedIdentity } | { readonly kind: 'deadLetter' }
  );

/** As measurements carry it: what was decided stands once, under the id of the request. */
export interface DecisionMark {
  readonly requestId: string;
  /** What they waited for when it was made. */
  readonly waitedFor: IngestErrorCode;
}

export function isSameDecision(a: DecisionMark | undefined, b: DecisionMark | undefined): boolean {
  return a?.requestId === b?.requestId && a?.waitedFor === b?.waitedFor;
}

/** What a workflow was asked to do. */
export interface OperatorRequest {
  readonly requestId: string;
  readonly kind: 'flushNow' | 'retryNow' | OperatorDecision['kind'];
  readonly by?: string;
  readonly why?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How many measurements it concerned. */
  readonly measurementCount: number;
}

/** So many requests a workflow remembers. */
export const MOST_REQUESTS = 20;

/** A short name for a group's key, which holds identifiers: 8 hexadecimal digits. */
export function groupIdOf(key: string): string {
  return bytesToHex(sha256(utf8ToBytes(key))).slice(0, 8);
}

/** Whether a group is of one patient in the messages' terms, or waits beside others for the same server. */
export function isOfOneOwner(key: string): boolean {
  return key.startsWith('[');
}

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** They stay in the state of a workflow, which must not grow with them. */
const LONGEST_BY = 100;
const LONGEST_WHY = 500;

/** @returns what is wrong with the request, in words */
export function wrongWord({ by, why }: OperatorWord): string | undefined {
  if (!isText(by, LONGEST_BY)) return `Expected \`by\`: who asks for it, in at most ${LONGEST_BY} characters`;
  if (isText(why, LONGEST_WHY)) return undefined;
  return `Expected \`why\`: the reason, as it is to be read later, in at most ${LONGEST_WHY} characters`;
}

function isText(text: unknown, longest: number): boolean {
  return typeof text === 'string' && text.trim() !== '' && text.length <= longest;
}

/** @returns what is wrong with the identity, in words */
export function wrongIdentity(to: ResolvedIdentity | undefined): string | undefined {
  const { device, patient, encounter } = to ?? { device: undefined, patient: undefined };
  const ids = [device, patient, ...(encounter === undefined ? [] : [encounter])];
  if (ids.every((id) => typeof id === 'string' && FHIR_ID.test(id))) return undefined;
  return 'Expected `to` with the ids of FHIR resources: device, patient, perhaps encounter, without their types';
}
