import { joinNeighbours } from '../core/batch-parts.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { isClaimed } from '../core/measurement-rows.ts';
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

async function failing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toApplicationFailure(error);
  }
}
