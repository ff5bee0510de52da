import { CancelledFailure } from '@temporalio/activity';
import type { FhirRequest } from '../activities/metered-fhir-client.ts';
import type { ResourceWrite } from '../activities/observations.ts';
import type { DeliveryInput, DeliveryOutcome } from '../core/delivery.ts';
import { totalOutcomes } from '../core/delivery.ts';
import { INGEST_ERRORS } from '../core/errors.ts';
import type { IdentityAnswer, IdentityQuestion } from '../core/identity.ts';
import type { Instruments } from '../service/metrics.ts';
import type { DeadLetters } from '../stores/dead-letters.ts';

type WorkerInstruments = Instruments<'worker'>;

/** Counts deliveries that come to their end, by what became of each measurement. */
export function meteredDelivery(
  deliver: (input: DeliveryInput) => Promise<DeliveryOutcome>,
  instruments: WorkerInstruments,
): (input: DeliveryInput) => Promise<DeliveryOutcome> {
  return async (input) => {
    const startedAt = performance.now();
    const took = (outcome: 'done' | 'waiting' | 'failed'): void => {
      instruments.deliveryDurationSeconds.record((performance.now() - startedAt) / 1000, { outcome });
    };
    try {
      const outcome = await deliver(input);
      took(outcome.waiting.length === 0 ? 'done' : 'waiting');
      bookOutcome(outcome, input.type, instruments);
      return outcome;
    } catch (error) {
      took('failed');
      throw error;
    }
  };
}

function bookOutcome({ counts, waiting }: DeliveryOutcome, type: string, instruments: WorkerInstruments): void {
  const { measurementsBooked, samplesCollided, groupsWaiting, deliveryMeasurements } = instruments;
  measurementsBooked.add(counts.written, { type, outcome: 'written' });
  measurementsBooked.add(counts.superseded, { type, outcome: 'superseded' });
  measurementsBooked.add(counts.withoutValue, { type, outcome: 'without_value' });
  measurementsBooked.add(counts.deadLettered, { type, outcome: 'dead_lettered' });
  samplesCollided.add(counts.collidedSamples, { type });
  deliveryMeasurements.record(totalOutcomes(counts));
  for (const { code } of waiting) groupsWaiting.add(1, { code });
}

type ResolveIdentity = (deviceId: string, question: IdentityQuestion) => Promise<IdentityAnswer>;

/** Counts what workflows ask of identities, by the answer. */
export function meteredIdentity(resolve: ResolveIdentity, { identityLookups }: WorkerInstruments): ResolveIdentity {
  return async (deviceId, question) => {
    try {
      const answer = await resolve(deviceId, question);
      identityLookups.add(1, { outcome: answer.ok ? 'resolved' : answer.code });
      return answer;
    } catch (error) {
      identityLookups.add(1, { outcome: failureCode(error) });
      throw error;
    }
  };
}

export function meteredDeadLetters(letters: DeadLetters, { deadLetters }: WorkerInstruments): DeadLetters {
  return {
    ...letters,
    async add(added) {
      await letters.add(added);
      for (const { stage, code } of added) deadLetters.add(1, { stage, code });
    },
  };
}

/** Counts a resource that was written, and how long its measurements have been on their way. */
export function countWrite(instruments: WorkerInstruments, { resourceType, outcome, readings }: ResourceWrite): void {
  instruments.resourceWrites.add(1, { resource_type: resourceType, outcome });
  const now = Date.now();
  const secondsSince = (instant: string): number => Math.max(0, now - Date.parse(instant)) / 1000;
  for (const { measurement } of readings) {
    instruments.ingestionToFhirSeconds.record(secondsSince(measurement.ingestionTimeUtc));
    instruments.occurrenceToFhirSeconds.record(secondsSince(measurement.occurrenceTimeUtc));
  }
}

export function countRequest(instruments: WorkerInstruments, request: FhirRequest): void {
  const { interaction, resourceType, outcome, durationMs } = request;
  const of = { interaction, resource_type: resourceType };
  instruments.fhirRequests.add(1, { ...of, outcome });
  instruments.fhirRequestDurationSeconds.record(durationMs / 1000, of);
}

/** The code of the catalogue that an activity failed with; anything else would be foreign text. */
export function failureCode(error: unknown): string {
  if (error instanceof CancelledFailure) return 'cancelled';
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  return typeof type === 'string' && type in INGEST_ERRORS ? type : 'UNEXPECTED';
}
