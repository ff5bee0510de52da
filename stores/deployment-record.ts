import { z } from 'zod';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';
import { StoreConflictError } from './object-store.ts';
import { OperatorError } from '../core/operator-error.ts';

/** What a deployment's name stands for since its first start; two that differ would count in each other's ledgers. */
export interface DeploymentRecord {
  readonly namespace: string;
  readonly hub: string;
  readonly consumerGroup: string;
}

const RecordSchema: z.ZodType<DeploymentRecord> = z
  .object({ namespace: z.string(), hub: z.string(), consumerGroup: z.string() })
  .readonly();

/** A deployment's name is already taken by another hub or consumer group. */
export class DeploymentTakenError extends OperatorError {
  override readonly name = 'DeploymentTakenError';
  constructor(deployment: string, member: string, found: string, expected: string) {
    super(
      `The deployment ${deployment} was started with ${member} ${expected}, now it is ${found}: ` +
        'give the second one a name of its own (IOMT_DEPLOYMENT), or remove its records from the store',
    );
  }
}

/**
 * Records what the deployment reads at its first start, and compares at every other.
 *
 * @throws DeploymentTakenError
 */
export async function claimDeployment(store: ObjectStore, deployment: string, record: DeploymentRecord): Promise<void> {
  const key = `${keyPart(deployment)}/deployment.json`;
  try {
    await putJson(store, key, record, { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof StoreConflictError)) throw error;
    const known = await getJson(store, key, RecordSchema);
    for (const member of ['namespace', 'hub', 'consumerGroup'] as const) {
      if (known !== undefined && known.value[member] !== record[member]) {
        throw new DeploymentTakenError(deployment, member, record[member], known.value[member]);
      }
    }
  }
}
