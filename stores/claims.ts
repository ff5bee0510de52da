import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ClaimedRows, InlineRows, MeasurementBatch, MeasurementRow } from '../core/measurement-rows.ts';
import { describeRows } from '../core/measurement-rows.ts';
import { encodeJson, getJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

const Row = z.custom<MeasurementRow>((row) => Array.isArray(row) && row.length >= 6, 'Expected a measurement row');
const InlineRowsSchema: z.ZodType<InlineRows> = z
  .object({
    ids: z.array(
      z
        .object({
          patientId: z.string().exactOptional(),
          encounterId: z.string().exactOptional(),
          correlationId: z.string().exactOptional(),
        })
        .readonly(),
    ),
    names: z.array(z.array(z.string())),
    rows: z.array(Row),
  })
  .readonly();

/** Which stream's partition the rows of a claim came from. */
type ClaimSource = Pick<MeasurementBatch, 'stream' | 'partition'>;

/** Rows too many for a signal or a workflow's state. A claim is never changed; it is deleted once its delivery is recorded. */
export interface Claims {
  /**
   * Stores rows of one partition under a key that follows from them and from where they came, so that a repeated write is
   * the same claim, and a replay of the same rows another.
   */
  put(workflowId: string, source: ClaimSource, rows: InlineRows): Promise<ClaimedRows>;
  /** @throws StoredObjectError when it is damaged; undefined when it is not there */
  get(claim: string): Promise<InlineRows | undefined>;
  delete(claim: string): Promise<void>;
}

export function createClaims(store: ObjectStore, deployment: string): Claims {
  return {
    async put(workflowId, { stream, partition }, rows) {
      const value = encodeJson(rows);
      const hash = createHash('sha256').update(`${stream}|${partition}|`).update(value).digest('hex').slice(0, 32);
      const claim = `${keyPart(deployment)}/claims/${keyPart(workflowId)}/${hash}`;
      await store.put(claim, value);
      return { claim, ...describeRows(rows) };
    },
    async get(claim) {
      return (await getJson(store, claim, InlineRowsSchema))?.value;
    },
    delete: (claim) => store.delete(claim),
  };
}
