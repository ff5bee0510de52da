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
  /** Fingerprint of how devices are named: another naming would start a second workflow for each of them. */
  readonly deviceNames: string;
  /** Whether a process has ever had encryption keys: one that has lost them would go on in plain text. */
  readonly isEncrypted: boolean;
}

const RecordSchema: z.ZodType<DeploymentRecord> = z
  .object({
    namespace: z.string(),
    hub: z.string(),
    consumerGroup: z.string(),
    deviceNames: z.string().default('plain'),
    isEncrypted: z.boolean().default(false),
  })
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

/** Devices had other names at the first start of the deployment. */
export class DeviceNamesFixedError extends OperatorError {
  override readonly name = 'DeviceNamesFixedError';
  constructor(deployment: string, found: string, expected: string) {
    const was = expected === 'plain' ? 'device ids as they are' : 'hashed device ids';
    const now = found === 'plain' ? 'device ids as they are' : 'hashed device ids';
    const difference = was === now ? 'another IOMT_ID_HASH_KEY' : now;
    const way =
      expected === 'plain' ? 'set IOMT_DEVICE_IDS=plain' : 'set IOMT_ID_HASH_KEY as it was, and IOMT_DEVICE_IDS=hashed';
    super(
      `The deployment ${deployment} was started with ${was}, which is fixed since, now with ${difference}: ` +
        `${way}, or give the deployment another name (IOMT_DEPLOYMENT)`,
    );
  }
}

/** The deployment has had encryption keys, and a process of it is started without any. */
export class KeysMissingError extends OperatorError {
  override readonly name = 'KeysMissingError';
  constructor(deployment: string) {
    super(
      `The deployment ${deployment} has been started with encryption keys, and none are set now: it would write readings ` +
        'in plain text. Set IOMT_ENCRYPTION_KEYS as it was; or, to go on without encryption on purpose, set isEncrypted ' +
        `to false in ${keyOf(deployment)} of the store`,
    );
  }
}

/** What a process does with health data: the part of a record that all processes have to agree with. */
export type DeploymentPrivacy = Pick<DeploymentRecord, 'deviceNames' | 'isEncrypted'>;

/**
 * Before the first start of a deployment everything is right.
 *
 * @throws DeviceNamesFixedError, KeysMissingError
 */
export async function assertPrivacy(store: ObjectStore, deployment: string, privacy: DeploymentPrivacy): Promise<void> {
  const known = await getJson(store, keyOf(deployment), RecordSchema);
  if (known !== undefined) assertFits(deployment, known.value, privacy);
}

/**
 * For a process that names no devices: compares whether it encrypts, and records its first keys.
 *
 * @throws KeysMissingError
 */
export async function joinDeployment(store: ObjectStore, deployment: string, isEncrypted: boolean): Promise<void> {
  const known = await getJson(store, keyOf(deployment), RecordSchema);
  if (known === undefined) return; // a bridge is to begin it
  assertFits(deployment, known.value, { ...known.value, isEncrypted });
  if (isEncrypted) await recordEncryption(store, deployment);
}

/**
 * Records what the deployment reads at its first start, and compares at every other; the first keys are recorded when
 * they come.
 *
 * @throws DeploymentTakenError, DeviceNamesFixedError, KeysMissingError
 */
export async function claimDeployment(store: ObjectStore, deployment: string, record: DeploymentRecord): Promise<void> {
  const key = keyOf(deployment);
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
    if (known !== undefined) assertFits(deployment, known.value, record);
    if (record.isEncrypted) await recordEncryption(store, deployment);
  }
}

function assertFits(deployment: string, known: DeploymentPrivacy, { deviceNames, isEncrypted }: DeploymentPrivacy) {
  if (known.isEncrypted && !isEncrypted) throw new KeysMissingError(deployment);
  if (known.deviceNames !== deviceNames) throw new DeviceNamesFixedError(deployment, deviceNames, known.deviceNames);
}

async function recordEncryption(store: ObjectStore, deployment: string): Promise<void> {
  for (;;) {
    const known = await getJson(store, keyOf(deployment), RecordSchema);
    if (known === undefined || known.value.isEncrypted) return;
    try {
      await putJson(store, keyOf(deployment), { ...known.value, isEncrypted: true }, { ifVersion: known.version });
      return;
    } catch (error) {
      if (!(error instanceof StoreConflictError)) throw error; // another process was first: look again
    }
  }
}

function keyOf(deployment: string): string {
  return `${keyPart(deployment)}/deployment.json`;
}
