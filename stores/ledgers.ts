import { z } from 'zod';
import type { Ledger } from '../core/ledger.ts';
import type { StreamId } from '../core/position.ts';
import type { Versioned } from './json-object.ts';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

const count = z.int().nonnegative();
const LedgerSchema: z.ZodType<Ledger> = z
  .object({
    version: z.literal(1),
    stream: z.string(),
    partition: z.string(),
    sequenceNumber: z.int().min(-1),
    offset: z.string().exactOptional(),
    enqueuedAt: z.string().exactOptional(),
    counts: z.object({
      events: count,
      measurements: count,
      unmatched: count,
      deadLettered: count,
      missing: count.default(0),
    }),
    gaps: z.array(z.tuple([count, count]).readonly()).exactOptional(),
    versions: z.array(z.object({ fromSequenceNumber: z.int(), deviceContent: z.string() })),
  })
  .readonly();

/** The ledgers of every partition. Written conditionally only: a lost race means that somebody else owns the partition. */
export interface Ledgers {
  get(stream: StreamId, partition: string): Promise<Versioned<Ledger> | undefined>;
  /**
   * @param ifVersion the version that was read; undefined when there was none
   * @returns the new version
   * @throws StoreConflictError when somebody else has written since
   */
  put(ledger: Ledger, ifVersion: string | undefined): Promise<string>;
  /** Of one stream, or of all there ever were. */
  list(stream?: StreamId): Promise<Ledger[]>;
}

export function createLedgers(store: ObjectStore, deployment: string): Ledgers {
  const prefix = `${keyPart(deployment)}/ledgers/`;
  const keyOf = (stream: StreamId, partition: string): string => `${prefix}${keyPart(stream)}/${keyPart(partition)}`;
  return {
    get: (stream, partition) => getJson(store, keyOf(stream, partition), LedgerSchema),

    put: (ledger, ifVersion) =>
      putJson(
        store,
        keyOf(ledger.stream, ledger.partition),
        ledger,
        ifVersion === undefined ? { ifAbsent: true } : { ifVersion },
      ),

    async list(stream) {
      const ledgers: Ledger[] = [];
      for await (const { key } of store.list(stream === undefined ? prefix : `${prefix}${keyPart(stream)}/`)) {
        const found = await getJson(store, key, LedgerSchema);
        if (found !== undefined) ledgers.push(found.value);
      }
      return ledgers;
    },
  };
}
