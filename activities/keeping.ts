import type { InlineRows, MeasurementBatch } from '../core/measurement-rows.ts';
import { isClaimed, positionOfRow } from '../core/measurement-rows.ts';
import { comparePositions } from '../core/position.ts';
import type { Claims } from '../stores/claims.ts';
import type { Totals, WorkflowTotals } from '../stores/totals.ts';
import { toApplicationFailure } from './failures.ts';

export interface KeepingDeps {
  readonly claims: Claims;
  readonly totals: Totals;
}

/** What a workflow keeps outside itself: rows too many for its state, and its sums once it ends. */
export function createKeepingActivities({ claims, totals }: KeepingDeps) {
  return {
    /** Puts rows into the claim store. A claim's key follows from its content, so a repetition makes the same claim. */
    async setAside(workflowId: string, batches: readonly MeasurementBatch[]): Promise<MeasurementBatch[]> {
      return await failing(async () => {
        const stored: MeasurementBatch[] = [];
        for (const joined of joinNeighbours(batches)) {
          const { content } = joined;
          stored.push(
            isClaimed(content) ? joined : { ...joined, content: await claims.put(workflowId, joined, content) },
          );
        }
        return stored;
      });
    },

    /** Deletes claims whose delivery has been recorded. Deleting again is harmless. */
    async releaseClaims(released: readonly string[]): Promise<void> {
      await failing(async () => {
        for (const claim of released) await claims.delete(claim);
      });
    },

    /** Absolute sums: writing them again changes nothing. */
    async storeTotals(of: WorkflowTotals): Promise<void> {
      await failing(() => totals.put(of));
    },
  };
}

/** Batches of one stream and partition become one, so that many small ones do not become as many claims. */
function joinNeighbours(batches: readonly MeasurementBatch[]): MeasurementBatch[] {
  const joined: MeasurementBatch[] = [];
  for (const batch of batches) {
    const last = joined.at(-1);
    if (
      last?.stream !== batch.stream ||
      last.partition !== batch.partition ||
      isClaimed(last.content) ||
      isClaimed(batch.content)
    ) {
      joined.push(batch);
    } else {
      joined[joined.length - 1] = { ...last, content: concatenate(last.content, batch.content) };
    }
  }
  return joined;
}

function concatenate(a: InlineRows, b: InlineRows): InlineRows {
  const moved = b.rows.map((row): InlineRows['rows'][number] => {
    const [sequenceNumber, ordinal, occurrence, ingestion, ids, names, ...values] = row;
    return [sequenceNumber, ordinal, occurrence, ingestion, ids + a.ids.length, names + a.names.length, ...values];
  });
  return { ids: [...a.ids, ...b.ids], names: [...a.names, ...b.names], rows: [...a.rows, ...moved].sort(byPosition) };
}

function byPosition(a: InlineRows['rows'][number], b: InlineRows['rows'][number]): number {
  return comparePositions(positionOfRow(a), positionOfRow(b));
}

async function failing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toApplicationFailure(error);
  }
}
