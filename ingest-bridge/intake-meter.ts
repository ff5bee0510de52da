import type { Ledger } from '../core/ledger.ts';
import { isClaimed, rowCount } from '../core/measurement-rows.ts';
import type { Needs } from '../service/metric-catalogue.ts';
import type { Instruments } from '../service/metrics.ts';
import type { Dispatch } from './dispatch.ts';
import type { NormalizedEvents } from './normalize-events.ts';

type BridgeInstruments = Instruments<'ingest-bridge'>;

/** What the intake of a partition cannot go on without, in the words of health and log, and as metrics have it. */
export const NEEDED = {
  'the ledger': 'ledger',
  'Event Hubs': 'event_hubs',
  'the templates': 'templates',
  'the workers': 'workers',
  'the claim store': 'claim_store',
  'the history of a workflow': 'workflow_history',
  Temporal: 'temporal',
  'the dead-letter store': 'dead_letter_store',
} as const satisfies Record<string, Needs>;
export type Needed = keyof typeof NEEDED;

/** Counts what one partition's intake does. */
export class IntakeMeter {
  readonly #instruments: BridgeInstruments;
  readonly #partition: string;

  constructor(instruments: BridgeInstruments, partition: string) {
    this.#instruments = instruments;
    this.#partition = partition;
    // A counter that starts at zero shows its first increase.
    instruments.eventsReceived.add(0, { partition });
    instruments.eventsMissing.add(0, { partition });
    for (const outcome of ['normalized', 'unmatched', 'dead_lettered'] as const) {
      instruments.eventsIngested.add(0, { partition, outcome });
    }
  }

  received(eventCount: number): void {
    this.#instruments.eventsReceived.add(eventCount, { partition: this.#partition });
    this.#instruments.receiveBatchEvents.record(eventCount);
  }

  retries(what: Needed): void {
    this.#instruments.intakeRetries.add(1, { partition: this.#partition, needs: NEEDED[what] });
  }

  /** To be told of each write of the ledger that moved it: what lay behind it before has been counted then. */
  advanced(before: Ledger, after: Ledger, { outcomes, measurements, deadLetters }: NormalizedEvents, now: Date): void {
    const instruments = this.#instruments;
    const of = { partition: this.#partition };
    const isNew = ({ sequenceNumber }: { readonly sequenceNumber: number }): boolean =>
      sequenceNumber > before.sequenceNumber;
    for (const { enqueuedAt } of outcomes.filter(isNew)) {
      instruments.handoverDurationSeconds.record(Math.max(0, now.getTime() - Date.parse(enqueuedAt)) / 1000);
    }
    const unmatched = after.counts.unmatched - before.counts.unmatched;
    const deadLettered = after.counts.deadLettered - before.counts.deadLettered;
    const normalized = after.counts.events - before.counts.events - unmatched - deadLettered;
    instruments.eventsIngested.add(normalized, { ...of, outcome: 'normalized' });
    instruments.eventsIngested.add(unmatched, { ...of, outcome: 'unmatched' });
    instruments.eventsIngested.add(deadLettered, { ...of, outcome: 'dead_lettered' });
    instruments.eventsMissing.add(after.counts.missing - before.counts.missing, of);
    for (const [type, own] of Map.groupBy(measurements.filter(isNew), ({ measurement }) => measurement.type)) {
      instruments.measurementsHandedOver.add(own.length, { type });
    }
    for (const { stage, code, positions } of deadLetters) {
      if (positions.some(isNew)) instruments.deadLetters.add(1, { stage, code });
    }
  }
}

/** Counts the signals that Temporal has taken. */
export function meteredDispatch(
  dispatch: Dispatch,
  { signals, signalMeasurements }: Pick<BridgeInstruments, 'signals' | 'signalMeasurements'>,
): Dispatch {
  return async (to, batch) => {
    await dispatch(to, batch);
    signals.add(1, { content: isClaimed(batch.content) ? 'claim' : 'rows' });
    signalMeasurements.record(rowCount(batch));
  };
}
