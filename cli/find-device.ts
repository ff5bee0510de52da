import type { Device } from 'fhir/r4.js';
import type { FhirClient } from '../activities/fhir-client.ts';
import { findByIdentifier } from '../activities/find-by-identifier.ts';
import type { Config } from '../config/settings.ts';
import { OperatorError } from '../core/operator-error.ts';
import { askWorkflow } from './ask-workflow.ts';
import type { Deployment } from './deployment.ts';
import { readRunHistory } from './run-history.ts';

/**
 * The FHIR id of the Device whose measurements a workflow takes, by the identifier that its messages carry.
 *
 * @throws OperatorError when there is no such workflow, or not exactly one such Device
 */
export async function findDevice(
  fhir: FhirClient,
  { deviceIdentifierSystem: system }: Config,
  deployment: Deployment,
  workflowId: string,
): Promise<string> {
  const history = await askWorkflow(deployment, workflowId, async (handle) => {
    const { runId } = await handle.describe();
    return await readRunHistory(deployment.client, workflowId, runId);
  });
  if (history === undefined)
    throw new OperatorError(`${workflowId}: Temporal no longer knows what it was started with`);
  const identifier = { system, value: history.input.deviceId };
  const [device, ...others] = await findByIdentifier<Device>(fhir, 'Device', identifier);
  if (device !== undefined && others.length === 0) return device.id;
  const found = device === undefined ? 'no Device' : 'several Devices';
  throw new OperatorError(`${found} of that identifier in FHIR: name it with --fhir-device`);
}
