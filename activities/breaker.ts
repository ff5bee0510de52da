import type { Resource } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import type { FhirClient, PutCondition, SearchParams, WithId } from './fhir-client.ts';

/** These concern every request there is, whatever it asks for. */
type OutageCode = Extract<IngestErrorCode, 'FHIR_UNREACHABLE' | 'FHIR_THROTTLED'>;

/** Until when nobody is to ask, on the clock of the breaker. */
interface Outage {
  readonly code: OutageCode;
  readonly until: number;
}

/** So many failures in a row to reach the server are no accident; to be throttled once is enough. */
const FAILURES_IN_A_ROW = 3;
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 30_000;
/** However long a server asks for patience: whether it is well again is worth a look. */
const LONGEST_PATIENCE_MS = 300_000;
/** Those who wait come back within so long after the rest. */
const SPREAD_MS = 30_000;

export interface BreakerOptions {
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/**
 * Spares a FHIR server that cannot be reached, or throttles: for a while every request of this process fails at once,
 * with the time at which another attempt is worth it, spread so that those who wait do not come back together. Then one
 * request tries; what it meets ends the rest, or makes it twice as long.
 */
export class Breaker {
  readonly #now: () => number;
  readonly #random: () => number;
  #failuresInARow = 0;
  #restMs = FIRST_REST_MS;
  #outage: Outage | undefined;
  #isTrying = false;

  constructor({ now = () => performance.now(), random = Math.random }: BreakerOptions = {}) {
    this.#now = now;
    this.#random = random;
  }

  /** @throws IngestError of the outage, without asking, while it lasts */
  async run<T>(request: () => Promise<T>): Promise<T> {
    const isTrial = this.#outage !== undefined;
    if (this.#outage !== undefined) {
      if (this.#isTrying || this.#now() < this.#outage.until) throw this.#refusal(this.#outage);
      this.#isTrying = true;
    }
    try {
      const result = await request();
      this.#heal();
      return result;
    } catch (error) {
      this.#note(error, isTrial);
      throw error;
    } finally {
      if (isTrial) this.#isTrying = false;
    }
  }

  #note(error: unknown, isTrial: boolean): void {
    const code = error instanceof IngestError ? outageCode(error.code) : undefined;
    if (code === undefined) {
      // Any other answer is an answer; a request that was called off says nothing, and the next one tries.
      if (error instanceof IngestError) this.#heal();
      return;
    }
    this.#failuresInARow += 1;
    const isOpen = isTrial || code === 'FHIR_THROTTLED' || this.#failuresInARow >= FAILURES_IN_A_ROW;
    // Of many requests under way at once, the first failure says how long; the others know no more.
    if (!isOpen || (this.#outage !== undefined && !isTrial)) return;
    const asked = error instanceof IngestError ? error.details['retryAfterMs'] : undefined;
    const restMs = Math.min(Math.max(this.#restMs, typeof asked === 'number' ? asked : 0), LONGEST_PATIENCE_MS);
    this.#outage = { code, until: this.#now() + restMs };
    this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
  }

  #heal(): void {
    this.#failuresInARow = 0;
    this.#restMs = FIRST_REST_MS;
    this.#outage = undefined;
  }

  #refusal({ code, until }: Outage): IngestError {
    const leftMs = Math.max(until - this.#now(), 0);
    const retryAfterMs = Math.round(leftMs + this.#random() * Math.min(leftMs + FIRST_REST_MS, SPREAD_MS));
    const what = code === 'FHIR_THROTTLED' ? 'asked for patience' : 'could not be reached';
    return new IngestError(code, `The FHIR server ${what} a moment ago; it is left alone for a while`, {
      retryAfterMs,
    });
  }
}

/** No answer in time is no answer: of one slow request others know nothing, of several in a row they had better. */
function outageCode(code: IngestErrorCode): OutageCode | undefined {
  if (code === 'FHIR_TIMEOUT') return 'FHIR_UNREACHABLE';
  return code === 'FHIR_UNREACHABLE' || code === 'FHIR_THROTTLED' ? code : undefined;
}

/** The client behind a breaker. */
export function withBreaker(fhir: FhirClient, breaker: Breaker): FhirClient {
  return {
    search: <R extends Resource>(type: R['resourceType'], params: SearchParams) =>
      breaker.run(() => fhir.search<R>(type, params)),
    read: <R extends Resource>(type: R['resourceType'], id: string) => breaker.run(() => fhir.read<R>(type, id)),
    put: <R extends Resource>(resource: WithId<R>, condition: PutCondition) =>
      breaker.run(() => fhir.put(resource, condition)),
    create: (resource, ifNoneExist) => breaker.run(() => fhir.create(resource, ifNoneExist)),
    history: <R extends Resource>(type: R['resourceType'], id: string) => breaker.run(() => fhir.history<R>(type, id)),
    delete: (type, id, versionId) => breaker.run(() => fhir.delete(type, id, versionId)),
    capabilities: () => breaker.run(() => fhir.capabilities()),
  };
}
