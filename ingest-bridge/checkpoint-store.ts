import type { Checkpoint, CheckpointStore, PartitionOwnership } from '@azure/event-hubs';
import { z } from 'zod';
import type { StreamId } from '../core/position.ts';
import { getJson, putJson } from '../stores/json-object.ts';
import { keyPart } from '../stores/key-part.ts';
import type { Ledgers } from '../stores/ledgers.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { StoreConflictError } from '../stores/object-store.ts';

const OwnershipSchema = z.object({
  fullyQualifiedNamespace: z.string(),
  eventHubName: z.string(),
  consumerGroup: z.string(),
  partitionId: z.string(),
  ownerId: z.string(),
  lastModifiedTimeInMs: z.number(),
});

/**
 * Who owns which partition, for the SDK's load balancing, over the object store; and checkpoints as the ledgers have
 * them. There is no other checkpoint: a ledger is written by the intake, with its counts.
 */
export function createCheckpointStore(
  store: ObjectStore,
  ledgers: Ledgers,
  deployment: string,
  stream: StreamId,
): CheckpointStore {
  const prefix = `${keyPart(deployment)}/ownership/${keyPart(stream)}/`;
  return {
    async listOwnership() {
      const owned: PartitionOwnership[] = [];
      for await (const { key } of store.list(prefix)) {
        const found = await getJson(store, key, OwnershipSchema);
        if (found !== undefined) owned.push({ ...found.value, etag: found.version });
      }
      return owned;
    },

    async claimOwnership(requested) {
      const claimed: PartitionOwnership[] = [];
      for (const { etag, ...ownership } of requested) {
        const value = { ...ownership, lastModifiedTimeInMs: Date.now() };
        const condition = etag === undefined ? ({ ifAbsent: true } as const) : { ifVersion: etag };
        try {
          const version = await putJson(store, `${prefix}${keyPart(ownership.partitionId)}`, value, condition);
          claimed.push({ ...value, etag: version });
        } catch (error) {
          if (!(error instanceof StoreConflictError)) throw error; // another bridge was first: it has the partition
        }
      }
      return claimed;
    },

    async listCheckpoints(fullyQualifiedNamespace, eventHubName, consumerGroup) {
      const known = await ledgers.list(stream);
      return known.flatMap((ledger): Checkpoint[] => {
        const { offset, partition: partitionId, sequenceNumber } = ledger;
        if (offset === undefined) return [];
        return [{ fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, sequenceNumber, offset }];
      });
    },

    updateCheckpoint() {
      return Promise.reject(new RangeError('The ledger is the checkpoint; the intake writes it'));
    },
  };
}
