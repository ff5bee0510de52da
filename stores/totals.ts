import { z } from 'zod';
import type { PendingCounts } from '../core/pending-state.ts';
import type { Mark, PositionInPartition } from '../core/position.ts';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

const count = z.int().nonnegative();
const CountsSchema: z.ZodType<PendingCounts> = z
  .object({
    received: count,
    duplicates: count,
    buffered: count,
    delivering: count,
    waiting: count,
    outcomes: z.object({
      written: count,
      superseded: count,
      withoutValue: count,
      deadLettered: count,
      collidedSamples: count,
    }),
  })
  .readonly();

const position: z.ZodType<PositionInPartition> = z.tuple([count, count]).readonly();
const MarkSchema: z.ZodType<Mark> = z
  .object({
    stream: z.string(),
    partition: z.string(),
    from: position,
    through: position,
    usedAt: z.number(),
    receivedCount: count,
    recent: z.array(z.tuple([count, count]).readonly()).readonly(),
    takenTwiceCount: count.exactOptional(),
  })
  .readonly();

/** The sums of a workflow that has completed, absolute: writing them again changes nothing. */
export interface WorkflowTotals {
  readonly workflowId: string;
  /** Of the first run: names one life of the workflow through all its continue-as-news. */
  readonly firstRunId: string;
  readonly counts: PendingCounts;
  readonly marks: readonly Mark[];
}

const TotalsSchema: z.ZodType<WorkflowTotals> = z
  .object({
    workflowId: z.string(),
    firstRunId: z.string(),
    counts: CountsSchema,
    marks: z.array(MarkSchema).default([]),
  })
  .readonly();

/** Sums of workflows that have ended, kept for ever: without them the sums would not agree. */
export interface Totals {
  put(totals: WorkflowTotals): Promise<void>;
  list(): AsyncIterable<WorkflowTotals>;
}

export function createTotals(store: ObjectStore, deployment: string): Totals {
  const prefix = `${keyPart(deployment)}/totals/`;
  return {
    async put(totals) {
      await putJson(store, `${prefix}${keyPart(totals.workflowId)}/${keyPart(totals.firstRunId)}`, totals);
    },
    async *list() {
      for await (const { key } of store.list(prefix)) {
        const found = await getJson(store, key, TotalsSchema);
        if (found !== undefined) yield found.value;
      }
    },
  };
}
