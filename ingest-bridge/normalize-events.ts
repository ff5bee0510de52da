import { setImmediate as turn } from 'node:timers/promises';
import type { DeadLetter } from '../core/dead-letter.ts';
import { deadLetterId } from '../core/dead-letter.ts';
import { IngestError } from '../core/errors.ts';
import type { EventOutcome } from '../core/ledger.ts';
import type { Measurement } from '../core/measurement.ts';
import type { PositionedMeasurement } from '../core/measurement-rows.ts';
import type { StreamId } from '../core/position.ts';
import type { DeviceContent } from '../templates/device-content/load.ts';
import type { HubEvent } from './event-message.ts';
import { deviceMessageOf } from './event-message.ts';

/** A device content template, and the content hash that names it. */
export interface DeviceContentVersion {
  readonly version: string;
  readonly template: DeviceContent;
}

/** What became of the events of a batch: nothing of it is durable yet. */
export interface NormalizedEvents {
  readonly outcomes: readonly EventOutcome[];
  readonly measurements: readonly PositionedMeasurement[];
  readonly deadLetters: readonly DeadLetter[];
}

/** Longer, and a batch of large events would keep ownership, links and other partitions waiting. */
const TURN_MS = 50;

/**
 * Normalizes one event after the other; an event succeeds or fails as a whole, and never holds back another. In between
 * everything else of the process has its turn, which changes nothing of what comes out.
 *
 * @throws the signal's reason, when it is aborted meanwhile
 */
export async function normalizeEvents(
  source: { stream: StreamId; partition: string },
  events: readonly HubEvent[],
  versionOf: (sequenceNumber: number) => DeviceContentVersion,
  failedAt: string,
  signal?: AbortSignal,
): Promise<NormalizedEvents> {
  const outcomes: EventOutcome[] = [];
  const measurements: PositionedMeasurement[] = [];
  const deadLetters: DeadLetter[] = [];
  let turnBeganAt = performance.now();
  for (const event of events) {
    if (performance.now() - turnBeganAt > TURN_MS) {
      await turn();
      signal?.throwIfAborted();
      turnBeganAt = performance.now();
    }
    const { sequenceNumber, offset, enqueuedAt } = event;
    const place = { sequenceNumber, offset, enqueuedAt };
    const content = versionOf(sequenceNumber);
    try {
      const message = deviceMessageOf(event, content.template.bodyReader);
      const found = content.template.normalize(message, { enqueuedAt });
      found.forEach(assertNameable);
      found.forEach((measurement, ordinal) => measurements.push({ sequenceNumber, ordinal, measurement }));
      outcomes.push({
        ...place,
        measurementCount: found.length,
        kind: found.length === 0 ? 'unmatched' : 'normalized',
      });
    } catch (thrown) {
      const error = thrown instanceof IngestError ? thrown : defectOf(thrown);
      deadLetters.push(deadLetterOf(source, event, content.version, error, failedAt));
      outcomes.push({ ...place, measurementCount: 0, kind: 'dead-lettered' });
    }
  }
  return { outcomes, measurements, deadLetters };
}

/** What names a workflow is a search attribute too, and Temporal on Postgres keeps no longer ones. */
const LONGEST_NAME_BYTES = 255;

/** @throws IngestError REQUIRED_VALUE_UNUSABLE: refused by Temporal again and again, it would stall its partition */
function assertNameable({ deviceId, type }: Measurement): void {
  for (const [member, value] of Object.entries({ deviceId, type })) {
    if (Buffer.byteLength(value) <= LONGEST_NAME_BYTES) continue;
    const message = `Expected a ${member} of at most ${LONGEST_NAME_BYTES} bytes`;
    throw new IngestError('REQUIRED_VALUE_UNUSABLE', message, { member, typeName: type.slice(0, LONGEST_NAME_BYTES) });
  }
}

/** A defect of ours must neither stall the partition nor lose the event: it is kept whole, under a code of its own. */
function defectOf(thrown: unknown): IngestError {
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const message = `An unexpected ${name} was thrown while the event was normalized: a defect of the connector, please report it`;
  return new IngestError('NORMALIZATION_DEFECT', message, {}, { cause: thrown });
}

function deadLetterOf(
  source: { stream: StreamId; partition: string },
  event: HubEvent,
  templateVersion: string,
  error: IngestError,
  failedAt: string,
): DeadLetter {
  const position = { ...source, sequenceNumber: event.sequenceNumber };
  const { templateIndex, typeName, member, expression } = error.details;
  return {
    id: deadLetterId('normalize', position),
    stage: 'normalize',
    code: error.code,
    message: error.message,
    positions: [position],
    templateVersion,
    place: {
      ...(typeof templateIndex === 'number' && { templateIndex }),
      ...(typeof typeName === 'string' && { typeName }),
      ...(typeof member === 'string' && { member }),
      ...(typeof expression === 'string' && { expression }),
    },
    event: {
      body: Buffer.from(event.body).toString('base64'),
      properties: jsonSafe(event.properties),
      systemProperties: jsonSafe(event.systemProperties),
      enqueuedAt: event.enqueuedAt,
    },
    failedAt,
    attemptCount: 1,
  };
}

/** 64-bit integers become text: JSON has no other way to keep them exact for every reader. */
function jsonSafe(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(object, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ) as Record<string, unknown>;
}
