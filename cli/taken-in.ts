import type { Client } from '@temporalio/client';
import type { InlineRows, MeasurementBatch } from '../core/measurement-rows.ts';
import { isClaimed, positionOfRow, rowsAbove } from '../core/measurement-rows.ts';
import { markKey } from '../core/position.ts';
import type { Claims } from '../stores/claims.ts';
import { readRunHistory } from './run-history.ts';

/**
 * Positions that came to runs, by stream and partition, with how many measurements each stands for: one, or all of a
 * claim whose rows are delivered and gone.
 */
export type TakenIn = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * What came to these runs and to those they continued, as far as Temporal still has their histories. Runs they have
 * taken over are not followed: name them.
 */
export async function takenInBy(
  client: Client,
  claims: Claims,
  workflowId: string,
  runIds: readonly string[],
): Promise<TakenIn> {
  const taken = new Map<string, Map<string, number>>();
  const seen = new Set<string>();
  const waiting = [...runIds];
  for (let runId = waiting.shift(); runId !== undefined; runId = waiting.shift()) {
    if (seen.has(runId)) continue;
    seen.add(runId);
    const history = await readRunHistory(client, workflowId, runId);
    for (const arrival of history?.arrivals ?? []) {
      if ('batch' in arrival) await note(taken, claims, arrival.batch);
    }
    if (history?.continuedRunId !== undefined) waiting.push(history.continuedRunId);
  }
  return taken;
}

/** How many measurements came to both, by stream and partition. */
export function takenInByBoth(a: TakenIn, b: TakenIn): ReadonlyMap<string, number> {
  return new Map(
    [...a].map(([key, positions]) => {
      const others = b.get(key);
      const shared = [...positions].filter(([position]) => others?.has(position) === true);
      return [key, shared.reduce((sum, [, count]) => sum + count, 0)];
    }),
  );
}

/** The rows of a batch above the mark it came with; undefined where its claim is gone. */
export async function openRows(claims: Claims, { content, after }: MeasurementBatch): Promise<InlineRows | undefined> {
  if (!isClaimed(content)) return content;
  const rows = await claims.get(content.claim);
  return rows && rowsAbove(rows, after);
}

async function note(taken: Map<string, Map<string, number>>, claims: Claims, batch: MeasurementBatch): Promise<void> {
  const positions = taken.get(markKey(batch)) ?? new Map<string, number>();
  taken.set(markKey(batch), positions);
  const rows = await openRows(claims, batch);
  for (const row of rows?.rows ?? []) positions.set(positionOfRow(row).join('|'), 1);
  // Its key follows from its rows: whoever was sent the same rows again was sent the same claim.
  if (rows === undefined && isClaimed(batch.content)) positions.set(batch.content.claim, batch.content.count);
}
