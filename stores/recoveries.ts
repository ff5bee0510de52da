import { z } from 'zod';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

/** An ended run whose measurements and sums its successor has taken over. */
interface Recovery {
  readonly workflowId: string;
  readonly runId: string;
  /** Of the first run of that life: sums it has stored are its successor's now. */
  readonly firstRunId: string;
  /** ISO 8601 UTC. */
  readonly recoveredAt: string;
  readonly measurementCount: number;
}

const RecoverySchema: z.ZodType<Recovery> = z
  .object({
    workflowId: z.string(),
    runId: z.string(),
    firstRunId: z.string(),
    recoveredAt: z.string(),
    measurementCount: z.int().nonnegative(),
  })
  .readonly();

/** Which ended runs need no more attention; kept for ever, as the sums are. */
export interface Recoveries {
  put(recovery: Recovery): Promise<void>;
  list(): Promise<Recovery[]>;
}

export function createRecoveries(store: ObjectStore, deployment: string): Recoveries {
  const prefix = `${keyPart(deployment)}/recoveries/`;
  return {
    async put(recovery) {
      await putJson(store, `${prefix}${keyPart(recovery.runId)}`, recovery);
    },
    async list() {
      const recoveries: Recovery[] = [];
      for await (const { key } of store.list(prefix)) {
        const found = await getJson(store, key, RecoverySchema);
        if (found !== undefined) recoveries.push(found.value);
      }
      return recoveries;
    },
  };
}
