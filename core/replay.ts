import type { DeadEvent, DeadLetter } from './dead-letter.ts';
import type { Measurement } from './measurement.ts';
import type { PositionedMeasurement } from './measurement-rows.ts';
import type { OperatorWord } from './operator-request.ts';
import { comparePositions } from './position.ts';
import type { StreamId } from './position.ts';

/** What is handed over in place of what the letter holds; the letter itself stays as it is. */
export interface Edit {
  readonly event?: DeadEvent;
  readonly measurements?: readonly Measurement[];
}

/** One handing-over of what a dead letter holds, as a stream of its own. */
export interface Replay extends OperatorWord {
  /** Counts the replays of a letter, from 1. */
  readonly n: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly edit?: Edit;
  /** The device content version its event is normalized with, on every attempt. */
  readonly deviceContent?: string;
  /** ISO 8601 UTC; absent until every workflow has taken in its part. */
  readonly handedOverAt?: string;
  /** How many measurements each workflow was handed. */
  readonly handedOver?: readonly { readonly workflowId: string; readonly measurementCount: number }[];
}

/** What operators did with a letter. */
export interface LetterState {
  readonly letterId: string;
  /** The newest last. */
  readonly replays: readonly Replay[];
  readonly discarded?: OperatorWord & { readonly at: string };
}

/** `held` until it is handed over anew or given up. */
export type LetterStanding = 'held' | 'replayed' | 'discarded';

export function standingOf(state: LetterState | undefined): LetterStanding {
  if (state?.discarded !== undefined) return 'discarded';
  return state?.replays.some(({ handedOverAt }) => handedOverAt !== undefined) === true ? 'replayed' : 'held';
}

const REPLAY_STREAM = /^replay\/([0-9a-f]{32})\/\d+$/;

/** A replay is a stream of its own: its measurements count apart, and come once however often they are handed over. */
export function replayStream(letterId: string, n: number): StreamId {
  return `replay/${letterId}/${n}`;
}

/** Whether what comes of a stream counts apart, as a replay. */
export function isReplay(stream: StreamId): boolean {
  return stream.startsWith('replay/');
}

/** The letter that a replay stream replays; undefined for a hub's. */
export function replayedLetter(stream: StreamId): string | undefined {
  return REPLAY_STREAM.exec(stream)?.[1];
}

/** Measurements of one partition of a replay, in position order. */
export interface ReplayPart {
  readonly partition: string;
  readonly measurements: readonly PositionedMeasurement[];
}

/**
 * A letter's measurements at their original partition, sequence number and ordinal. Of two streams that have a partition
 * of the same name, the second one's is numbered: positions must stay distinct.
 *
 * @param measurements parallel to the letter's positions, or all those of its one event
 */
export function partsOf(letter: DeadLetter, measurements: readonly Measurement[]): ReplayPart[] {
  const [first] = letter.positions;
  const isEvent = letter.stage === 'normalize' && first !== undefined;
  const positions = isEvent ? measurements.map((_, ordinal) => ({ ...first, ordinal })) : letter.positions;
  const parts = new Map<string, { partition: string; measurements: PositionedMeasurement[] }>();
  const names = new Set<string>();
  for (const [index, measurement] of measurements.entries()) {
    const position = positions[index];
    if (position === undefined) throw new RangeError('Expected a position for every measurement');
    const { stream, partition, sequenceNumber } = position;
    const key = JSON.stringify([stream, partition]);
    let part = parts.get(key);
    if (part === undefined) {
      part = { partition: unusedName(partition, names), measurements: [] };
      names.add(part.partition);
      parts.set(key, part);
    }
    part.measurements.push({ sequenceNumber, ordinal: 'ordinal' in position ? position.ordinal : 0, measurement });
  }
  return [...parts.values()].map(({ partition, measurements: own }) => ({
    partition,
    measurements: own.sort((a, b) => comparePositions(placeOf(a), placeOf(b))),
  }));
}

function unusedName(partition: string, used: ReadonlySet<string>): string {
  let name = partition;
  for (let n = 1; used.has(name); n++) name = `${partition}~${n}`;
  return name;
}

function placeOf({ sequenceNumber, ordinal }: PositionedMeasurement): [number, number] {
  return [sequenceNumber, ordinal];
}
