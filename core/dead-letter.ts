import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { IngestErrorCode } from './errors.ts';
import type { Measurement } from './measurement.ts';
import type { OperatorWord } from './operator-request.ts';
import type { Position } from './position.ts';

/** Where in an event stream an undecodable or unusable event stood: it has no ordinal. */
export type EventPosition = Omit<Position, 'ordinal'>;

export type DeadLetterStage = 'normalize' | 'transform';

/** The place in a template that could not be satisfied. */
interface TemplatePlace {
  readonly templateIndex?: number;
  readonly typeName?: string;
  readonly member?: string;
  readonly expression?: string;
}

/** The original event, byte for byte. */
export interface DeadEvent {
  /** Base64 of the body as it came. */
  readonly body: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  /** ISO 8601 UTC. */
  readonly enqueuedAt: string;
}

/** What could not be ingested, kept whole until it is replayed or discarded. */
export interface DeadLetter {
  /** Hash of its first position and stage: the same on every attempt, so that a later write of it replaces the earlier. */
  readonly id: string;
  readonly stage: DeadLetterStage;
  readonly code: IngestErrorCode;
  /** Where and what was expected; no reading, no patient. */
  readonly message: string;
  readonly positions: readonly (Position | EventPosition)[];
  readonly deviceId?: string;
  readonly type?: string;
  /** Content hash of the template version it failed with. */
  readonly templateVersion?: string;
  readonly place?: TemplatePlace;
  readonly event?: DeadEvent;
  readonly measurements?: readonly Measurement[];
  /** ISO 8601 UTC: when it failed first, as far as this write knows. */
  readonly failedAt: string;
  readonly attemptCount: number;
  /** Who had them dead-lettered, if it was a person, and why. */
  readonly operator?: OperatorWord;
  /** The letter this one replays or edits. */
  readonly replayOf?: string;
}

/** The id of a letter: hex SHA-256 of its stage and first position, cut to 32 digits. */
export function deadLetterId(stage: DeadLetterStage, position: Position | EventPosition): string {
  const { stream, partition, sequenceNumber } = position;
  const place = [stage, stream, partition, sequenceNumber, 'ordinal' in position ? position.ordinal : null];
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(place)))).slice(0, 32);
}
