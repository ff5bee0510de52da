import type { DeadLetter } from '../core/dead-letter.ts';
import { deadLetterId } from '../core/dead-letter.ts';
import type { DeliveryInput, DeliveryOutcome, KeptRows, WaitingOutcome } from '../core/delivery.ts';
import { boundedKey, rangesOf } from '../core/delivery.ts';
import type { IngestError, IngestErrorCode } from '../core/errors.ts';
import type { InlineRows } from '../core/measurement-rows.ts';
import { filterRows, isClaimed, withoutUnused } from '../core/measurement-rows.ts';
import type { OperatorWord } from '../core/operator-request.ts';
import { replayedLetter } from '../core/replay.ts';
import type { Claims } from '../stores/claims.ts';
import type { WriteOutcome } from './resource-writer.ts';
import type { OpenedBatches, Reading } from './readings.ts';

/** Gathers what becomes of each reading of a delivery; every reading must end in exactly one of its lists. */
export class OutcomeBook {
  readonly #written = new Set<Reading>();
  readonly #superseded = new Set<Reading>();
  readonly #withoutValue = new Set<Reading>();
  readonly #refused: { readings: readonly Reading[]; error: IngestError; operator?: OperatorWord }[] = [];
  readonly #waiting = new Map<string, { error: IngestError; readings: Reading[] }>();
  readonly #lost: { batch: number; error: IngestError }[] = [];
  #collidedSamples = 0;
  readonly #observations = { created: 0, updated: 0, unchanged: 0 };

  /** @param collidedSamples of these, how many gave way to another of their slot */
  written(outcome: WriteOutcome, readings: readonly Reading[], collidedSamples: number): void {
    this.#observations[outcome] += 1;
    this.#collidedSamples += collidedSamples;
    for (const reading of readings) this.#written.add(reading);
  }

  superseded(readings: readonly Reading[]): void {
    for (const reading of readings) this.#superseded.add(reading);
  }

  withoutValue(readings: readonly Reading[]): void {
    for (const reading of readings) this.#withoutValue.add(reading);
  }

  /**
   * Bad data: one dead letter for all of them.
   *
   * @param operator who had it so, if it was a person
   */
  refused(readings: readonly Reading[], error: IngestError, operator?: OperatorWord): void {
    if (readings.length > 0) this.#refused.push({ readings, error, ...(operator !== undefined && { operator }) });
  }

  waits(ownKey: string, readings: readonly Reading[], error: IngestError): void {
    if (readings.length === 0) return;
    const key = boundedKey(this.#waiting, ownKey, error.code);
    const known = this.#waiting.get(key);
    if (known === undefined) this.#waiting.set(key, { error, readings: [...readings] });
    else known.readings.push(...readings);
  }

  /** A batch that could not even be opened. */
  lost(batch: number, error: IngestError): void {
    this.#lost.push({ batch, error });
  }

  /** True when no reading has been decided: neither written, nor counted, nor refused. */
  isUndecided(): boolean {
    return this.#written.size + this.#superseded.size + this.#withoutValue.size + this.#refused.length === 0;
  }

  deadLetters(input: DeliveryInput, templateVersion: string, failedAt: string): DeadLetter[] {
    return this.#refused.flatMap(({ readings, error, operator }) => {
      const [first] = readings;
      if (first === undefined) return [];
      const replayOf = replayedLetter(first.position.stream);
      const letter: DeadLetter = {
        id: deadLetterId('transform', first.position),
        stage: 'transform',
        code: error.code,
        message: error.message,
        positions: readings.map((reading) => reading.position),
        deviceId: input.deviceId,
        type: input.type,
        templateVersion,
        measurements: readings.map((reading) => reading.measurement),
        failedAt,
        attemptCount: 1,
        ...(replayOf !== undefined && { replayOf }),
        ...(operator !== undefined && { operator }),
      };
      return [letter];
    });
  }

  /** The outcome as the workflow books it; rows of claims that wait are claimed anew, without those that are done. */
  async toOutcome(
    input: DeliveryInput,
    opened: OpenedBatches,
    claims: Claims,
    workflowId: string,
  ): Promise<DeliveryOutcome> {
    const keep = (readings: readonly Reading[]): Promise<KeptRows[]> =>
      keptRows(input, opened, claims, workflowId, readings);
    const waiting: WaitingOutcome[] = [];
    for (const [key, { error, readings }] of this.#waiting) {
      waiting.push({ key, ...reasonOf(error), rows: await keep(readings) });
    }
    for (const { batch, error } of this.#lost) {
      waiting.push({ key: `lost ${claimOf(input, batch)}`, ...reasonOf(error), rows: [{ batch }] });
    }
    return {
      counts: {
        written: this.#written.size,
        superseded: this.#superseded.size,
        withoutValue: this.#withoutValue.size,
        deadLettered: this.#refused.reduce((sum, { readings }) => sum + readings.length, 0),
        collidedSamples: this.#collidedSamples,
      },
      observations: this.#observations,
      waiting,
      claimCounts: input.batches.flatMap((of, batch) => {
        const rows = opened.rows[batch];
        return of.after === undefined || rows === undefined ? [] : [{ batch, count: rows.rows.length }];
      }),
    };
  }
}

function reasonOf(error: IngestError): { code: IngestErrorCode; message: string; retryAfterMs?: number } {
  const { retryAfterMs } = error.details;
  return { code: error.code, message: error.message, ...(typeof retryAfterMs === 'number' && { retryAfterMs }) };
}

async function keptRows(
  input: DeliveryInput,
  opened: OpenedBatches,
  claims: Claims,
  workflowId: string,
  readings: readonly Reading[],
): Promise<KeptRows[]> {
  const kept: KeptRows[] = [];
  for (const [batch, of] of input.batches.entries()) {
    const indexes = readings.filter((reading) => reading.batch === batch).map((reading) => reading.row);
    const rows = opened.rows[batch];
    if (indexes.length === 0 || rows === undefined) continue;
    const isWhole = indexes.length === rows.rows.length && of.after === undefined;
    if (isWhole) kept.push({ batch });
    else if (!isClaimed(of.content)) kept.push({ batch, rows: rangesOf(indexes.sort((a, b) => a - b)) });
    else {
      const content = await claims.put(workflowId, of, pick(rows, indexes));
      kept.push({ batch, claimed: { ...withoutMark(of), content } });
    }
  }
  return kept;
}

function withoutMark({ after: _, ...batch }: DeliveryInput['batches'][number]): DeliveryInput['batches'][number] {
  return batch;
}

function pick(rows: InlineRows, indexes: readonly number[]): InlineRows {
  const wanted = new Set(indexes);
  return withoutUnused(filterRows(rows, (_, index) => wanted.has(index)));
}

function claimOf(input: DeliveryInput, batch: number): string {
  const content = input.batches[batch]?.content;
  return content !== undefined && isClaimed(content) ? content.claim : String(batch);
}
