import { setTimeout as rest } from 'node:timers/promises';
import type { FhirRequest } from '../activities/metered-fhir-client.ts';
import type { DeliveryOutcome } from '../core/delivery.ts';
import { totalOutcomes } from '../core/delivery.ts';
import type { Health } from '../service/health-server.ts';
import type { TemporalLook } from './temporal-look.ts';

/** These say something of the server, and not of one request. */
const SERVER_TROUBLES: ReadonlySet<string> = new Set([
  'FHIR_UNREACHABLE',
  'FHIR_TIMEOUT',
  'FHIR_THROTTLED',
  'FHIR_UNAVAILABLE',
  'FHIR_UNAUTHORIZED',
  'FHIR_FORBIDDEN',
  'FHIR_WRONG_ENDPOINT',
]);
/** A trouble that nothing has followed for so long says nothing of the present any more. */
const TROUBLE_FOR_MS = 10 * 60_000;
/** Health is to be told at once, with Temporal or without. */
const ANSWER_WITHIN_MS = 1_000;

/** What a worker says of itself: that it polls, and how it fares with the FHIR server and with its queues. */
export class WorkerHealth {
  readonly #look: Pick<TemporalLook, 'queues'>;
  #isPolling = true;
  #lastDeliveryAt: string | undefined;
  #lastFhirError: { code: string; at: string } | undefined;
  /** Whether the latest request of all met a trouble of the server. */
  #isInTrouble = false;

  constructor(look: Pick<TemporalLook, 'queues'>) {
    this.#look = look;
  }

  noteStopped(): void {
    this.#isPolling = false;
  }

  noteDelivery({ counts }: DeliveryOutcome): void {
    if (totalOutcomes(counts) > 0) this.#lastDeliveryAt = new Date().toISOString();
  }

  noteRequest({ outcome }: Pick<FhirRequest, 'outcome'>): void {
    if (outcome === 'cancelled') return; // nobody waited for the answer
    this.#isInTrouble = SERVER_TROUBLES.has(outcome);
    if (this.#isInTrouble) this.#lastFhirError = { code: outcome, at: new Date().toISOString() };
  }

  async health(): Promise<Health> {
    const found = await Promise.race([
      this.#look.queues().catch(() => undefined), // health says then that it is not known
      rest(ANSWER_WITHIN_MS, undefined, { ref: false }),
    ]);
    const queues = found ?? null;
    const since = this.#lastFhirError === undefined ? -Infinity : Date.parse(this.#lastFhirError.at);
    return {
      ok: this.#isPolling,
      isDegraded: this.#isInTrouble && Date.now() - since < TROUBLE_FOR_MS,
      details: {
        lastDeliveryAt: this.#lastDeliveryAt ?? null,
        ...(this.#lastFhirError && { lastFhirError: this.#lastFhirError }),
        taskQueues: queues,
      },
    };
  }
}
