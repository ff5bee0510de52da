import pLimit from 'p-limit';
import { z } from 'zod';
import type { LetterState } from '../core/replay.ts';
import type { Versioned } from './json-object.ts';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

/** Every member a reader relies on; what was edited is kept as it was written. */
const LetterStateSchema = z.looseObject({
  letterId: z.string(),
  replays: z.array(
    z.looseObject({
      n: z.int().positive(),
      by: z.string(),
      why: z.string(),
      startedAt: z.string(),
      deviceContent: z.string().exactOptional(),
      handedOverAt: z.string().exactOptional(),
      handedOver: z
        .array(z.object({ workflowId: z.string(), measurementCount: z.int().nonnegative() }))
        .exactOptional(),
    }),
  ),
  discarded: z.object({ by: z.string(), why: z.string(), at: z.string() }).exactOptional(),
}) as unknown as z.ZodType<LetterState>;

const READ_AT_ONCE = 20;

/** What operators did with dead letters; of a letter nobody has touched there is nothing. */
export interface LetterStates {
  get(letterId: string): Promise<Versioned<LetterState> | undefined>;
  /** @throws StoreConflictError when somebody else has written since it was read */
  put(state: LetterState, ifVersion: string | undefined): Promise<string>;
  list(): Promise<ReadonlyMap<string, LetterState>>;
}

export function createLetterStates(store: ObjectStore, deployment: string): LetterStates {
  const prefix = `${keyPart(deployment)}/letter-states/`;
  return {
    get: (letterId) => getJson(store, `${prefix}${keyPart(letterId)}`, LetterStateSchema),
    async put(state, ifVersion) {
      const condition = ifVersion === undefined ? { ifAbsent: true as const } : { ifVersion };
      return await putJson(store, `${prefix}${keyPart(state.letterId)}`, state, condition);
    },
    async list() {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      const limit = pLimit(READ_AT_ONCE);
      const read = await Promise.all(keys.map((key) => limit(() => getJson(store, key, LetterStateSchema))));
      const found = read.flatMap((each) => (each === undefined ? [] : [each.value]));
      return new Map(found.map((state) => [state.letterId, state]));
    },
  };
}
