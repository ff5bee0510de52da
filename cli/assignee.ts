import type { FhirClient } from '../activities/fhir-client.ts';
import { createHttpFhirClient } from '../activities/http-fhir-client.ts';
import { requireSetting } from '../config/load-config.ts';
import { IngestError } from '../core/errors.ts';
import type { ResolvedIdentity } from '../core/identity.ts';
import { OperatorError } from '../core/operator-error.ts';
import { wrongIdentity } from '../core/operator-request.ts';
import type { CommandContext } from './command-context.ts';
import type { Deployment } from './deployment.ts';
import { findDevice } from './find-device.ts';

/** Ids of FHIR resources as an operator gives them. */
export interface AssigneeOptions {
  readonly patient: string;
  readonly encounter?: string;
  /** Without it the Device is looked up by its identifier. */
  readonly fhirDevice?: string;
}

/**
 * To whom measurements are to be assigned. Every resource that was named is read: a workflow would take a mistyped id for
 * a patient who is not there yet, or for another one.
 *
 * @throws OperatorError when one of them is not there
 */
export async function assigneeOf(
  { config }: CommandContext,
  deployment: Deployment,
  workflowId: string,
  { patient, encounter, fhirDevice }: AssigneeOptions,
): Promise<ResolvedIdentity> {
  const fhir = createHttpFhirClient({ baseUrl: requireSetting(config, 'fhirUrl'), timeoutMs: config.fhirTimeout });
  try {
    const device = fhirDevice ?? (await findDevice(fhir, config, deployment, workflowId));
    const to = { device, patient, ...(encounter !== undefined && { encounter }) };
    const wrong = wrongIdentity(to);
    if (wrong !== undefined) throw new OperatorError(wrong);
    await assertThere(fhir, 'Patient', patient);
    if (encounter !== undefined) await assertThere(fhir, 'Encounter', encounter);
    if (fhirDevice !== undefined) await assertThere(fhir, 'Device', fhirDevice);
    return to;
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    throw new OperatorError(`The FHIR server could not be asked whom it is about: ${error.message}`, { cause: error });
  }
}

async function assertThere(
  fhir: FhirClient,
  resourceType: 'Patient' | 'Encounter' | 'Device',
  id: string,
): Promise<void> {
  const found = await fhir.read(resourceType, id);
  if (typeof found !== 'string') return;
  throw new OperatorError(`${resourceType}/${id} is ${found === 'absent' ? 'not there' : 'deleted'} in FHIR`);
}
