import type { DeadLetter, EventPosition } from './dead-letter.ts';
import type { Ledger, SequenceRange } from './ledger.ts';
import type { MeasurementBatch } from './measurement-rows.ts';
import { rowCount } from './measurement-rows.ts';
import type { PendingCounts } from './pending-state.ts';
import { sumsAgree } from './pending-state.ts';
import type { Mark, StreamId } from './position.ts';
import { markKey, receivedThrough } from './position.ts';

/** A workflow's sums, as it told them or left them behind. */
export interface WorkflowSums {
  readonly workflowId: string;
  readonly counts: PendingCounts;
  readonly marks: readonly Mark[];
}

/** A claim that a workflow holds, and what lies in the store for it. */
export interface HeldClaim {
  readonly workflowId: string;
  readonly batch: MeasurementBatch;
  /** Rows above the mark it arrived with; undefined when it is not there. */
  readonly foundCount: number | undefined;
}

/** A run that was ended by hand or by a defect, and whose measurements nobody has taken over. */
export interface UnrecoveredRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly firstRunId: string;
  /** `TERMINATED` and the like. */
  readonly status: string;
}

/** What a dead letter stands for; `workflowId` where it holds measurements. */
export interface LetterPlaces extends Pick<DeadLetter, 'stage' | 'positions'> {
  readonly workflowId?: string;
}

/** What a replay handed over to one workflow. */
export interface HandedOverReplay {
  readonly stream: StreamId;
  readonly workflowId: string;
  readonly measurementCount: number;
}

/** Everything there is to add up. The ledgers are read first: what they count is then in workflows already. */
export interface SystemSums {
  readonly ledgers: readonly Ledger[];
  readonly workflows: readonly WorkflowSums[];
  readonly silentWorkflowIds: readonly string[];
  readonly unrecoveredRuns: readonly UnrecoveredRun[];
  readonly claims: readonly HeldClaim[];
  readonly deadLetters: readonly LetterPlaces[];
  readonly replays: readonly HandedOverReplay[];
}

/** What does not add up, and where. Sequence numbers are both ends included. */
export type Disagreement =
  | {
      readonly kind: 'measurements';
      readonly stream: StreamId;
      readonly partition: string;
      /** Counted up to this event. */
      readonly throughSequenceNumber: number;
      readonly handedOver: number;
      readonly received: number;
    }
  /** A workflow's sum cannot be told as of the ledger, which lies too far behind: ask again when it has moved. */
  | { readonly kind: 'in-motion'; readonly workflowId: string; readonly stream: StreamId; readonly partition: string }
  | {
      readonly kind: 'events-missing';
      readonly stream: StreamId;
      readonly partition: string;
      readonly missing: number;
      readonly ranges: readonly SequenceRange[];
    }
  | {
      readonly kind: 'event-letters';
      readonly stream: StreamId;
      readonly partition: string;
      readonly throughSequenceNumber: number;
      readonly deadLettered: number;
      readonly found: number;
    }
  | {
      readonly kind: 'measurement-letters';
      readonly workflowId: string;
      readonly deadLettered: number;
      readonly found: number;
    }
  | {
      readonly kind: 'claim-missing';
      readonly workflowId: string;
      readonly stream: StreamId;
      readonly partition: string;
      readonly ranges: readonly SequenceRange[];
      readonly measurements: number;
    }
  | {
      readonly kind: 'replay';
      readonly workflowId: string;
      readonly stream: StreamId;
      readonly handedOver: number;
      readonly received: number;
    }
  | { readonly kind: 'workflow-sums'; readonly workflowId: string }
  | { readonly kind: 'workflow-silent'; readonly workflowId: string }
  | { readonly kind: 'run-ended'; readonly workflowId: string; readonly runId: string; readonly status: string };

/**
 * Adds everything up. Exact while the system runs: each ledger is compared with what workflows had taken in as of its
 * position, which is in their histories before the ledger moves.
 */
export function verifySums(sums: SystemSums): Disagreement[] {
  const eventLetters = distinctPositions(sums.deadLetters.filter(({ stage }) => stage === 'normalize'));
  return [
    ...sums.silentWorkflowIds.map((workflowId) => ({ kind: 'workflow-silent' as const, workflowId })),
    ...sums.unrecoveredRuns.map(({ workflowId, runId, status }) => {
      return { kind: 'run-ended' as const, workflowId, runId, status };
    }),
    ...sums.workflows
      .filter(({ counts }) => !sumsAgree(counts))
      .map(({ workflowId }) => ({ kind: 'workflow-sums' as const, workflowId })),
    ...sums.ledgers.flatMap((ledger) => [...verifyLedger(ledger, sums), ...verifyEvents(ledger, eventLetters)]),
    ...verifyClaims(sums.claims),
    ...verifyMeasurementLetters(sums),
    ...verifyReplays(sums),
  ];
}

function verifyLedger(ledger: Ledger, { workflows, claims }: SystemSums): Disagreement[] {
  const { stream, partition, sequenceNumber } = ledger;
  const inMotion: Disagreement[] = [];
  let received = 0;
  for (const { workflowId, marks } of workflows) {
    const mark = marks.find((each) => markKey(each) === markKey(ledger));
    if (mark === undefined) continue;
    const through = receivedThrough(mark, sequenceNumber);
    if (through === undefined) inMotion.push({ kind: 'in-motion', workflowId, stream, partition });
    received += through ?? 0;
  }
  received -= uncountedYet(claims, ledger);
  const handedOver = ledger.counts.measurements;
  if (inMotion.length > 0) return inMotion;
  if (received === handedOver) return [];
  return [{ kind: 'measurements', stream, partition, throughSequenceNumber: sequenceNumber, handedOver, received }];
}

/** A claim that came again in part counts in full until it is delivered and its rows are seen. */
function uncountedYet(claims: readonly HeldClaim[], ledger: Ledger): number {
  return claims
    .filter(({ batch }) => batch.after !== undefined && markKey(batch) === markKey(ledger))
    .filter(({ batch }) => positionsOf(batch)[1] <= ledger.sequenceNumber)
    .reduce((sum, { batch, foundCount }) => sum + rowCount(batch) - (foundCount ?? rowCount(batch)), 0);
}

function verifyEvents(ledger: Ledger, eventLetters: readonly EventPosition[]): Disagreement[] {
  const { stream, partition, sequenceNumber, counts, gaps = [] } = ledger;
  const found: Disagreement[] = [];
  if (counts.missing > 0)
    found.push({ kind: 'events-missing', stream, partition, missing: counts.missing, ranges: gaps });
  const letters = eventLetters.filter(
    (position) => markKey(position) === markKey(ledger) && position.sequenceNumber <= sequenceNumber,
  );
  if (letters.length !== counts.deadLettered) {
    const { deadLettered } = counts;
    const through = { throughSequenceNumber: sequenceNumber };
    found.push({ kind: 'event-letters', stream, partition, ...through, deadLettered, found: letters.length });
  }
  return found;
}

function verifyClaims(claims: readonly HeldClaim[]): Disagreement[] {
  return claims.flatMap(({ workflowId, batch, foundCount }): Disagreement[] => {
    const { stream, partition } = batch;
    const expected = rowCount(batch);
    if (foundCount !== undefined && (foundCount === expected || batch.after !== undefined)) return [];
    const measurements = expected - (foundCount ?? 0);
    return [{ kind: 'claim-missing', workflowId, stream, partition, ranges: [positionsOf(batch)], measurements }];
  });
}

/**
 * Letters are written before they are counted, and an attempt that was cut off may have left one that the next decided
 * otherwise: only too few of them are a loss. What two runs of a workflow have taken in has one letter.
 */
function verifyMeasurementLetters({ workflows, deadLetters }: SystemSums): Disagreement[] {
  const letters = Map.groupBy(deadLetters, ({ workflowId }) => workflowId);
  return [...Map.groupBy(workflows, ({ workflowId }) => workflowId)].flatMap(([workflowId, lives]): Disagreement[] => {
    const deadLettered = lives.reduce((sum, { counts }) => sum + counts.outcomes.deadLettered, 0);
    const takenTwice = lives.flatMap(({ marks }) => marks).reduce((sum, mark) => sum + (mark.takenTwiceCount ?? 0), 0);
    const found = distinctPositions(letters.get(workflowId) ?? []).length;
    return found < deadLettered - takenTwice ? [{ kind: 'measurement-letters', workflowId, deadLettered, found }] : [];
  });
}

/**
 * As long as the workflow knows the stream: the mark of a replay is dropped a day after its last use. One that was begun
 * again may have come to two lives of it.
 */
function verifyReplays({ replays, workflows }: SystemSums): Disagreement[] {
  return replays.flatMap(({ stream, workflowId, measurementCount }): Disagreement[] => {
    const lives = workflows.filter((workflow) => workflow.workflowId === workflowId);
    const marks = lives.flatMap((workflow) => workflow.marks).filter((mark) => mark.stream === stream);
    const received = marks.reduce((sum, mark) => sum + mark.receivedCount - (mark.takenTwiceCount ?? 0), 0);
    if (marks.length === 0 || received >= measurementCount) return [];
    return [{ kind: 'replay', workflowId, stream, handedOver: measurementCount, received }];
  });
}

function distinctPositions(letters: readonly LetterPlaces[]): EventPosition[] {
  const positions = letters.flatMap((letter) => letter.positions);
  const keyOf = (position: (typeof positions)[number]): string =>
    JSON.stringify([markKey(position), position.sequenceNumber, 'ordinal' in position ? position.ordinal : null]);
  return [...new Map(positions.map((position) => [keyOf(position), position])).values()];
}

function positionsOf({ content }: MeasurementBatch): SequenceRange {
  if ('claim' in content) return [content.first[0], content.last[0]];
  return [content.rows[0]?.[0] ?? -1, content.rows.at(-1)?.[0] ?? -1];
}
