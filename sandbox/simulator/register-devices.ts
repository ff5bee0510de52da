import type { Device, Patient } from 'fhir/r4.js';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedDevice } from './devices.ts';

/** A server that fails now and then is asked again; one that is down is not waited for long. */
const ATTEMPTS = 30;
const PAUSE_MS = 200;

/**
 * Registers the simulated devices and their patients, where they are not yet: under their own ids, or where the server
 * assigns ids, under those.
 */
export async function registerDevices(fhirUrl: string, devices: readonly SimulatedDevice[]): Promise<void> {
  for (const device of devices) {
    const patient = await putIfAbsent(fhirUrl, patientOf(device));
    await putIfAbsent(fhirUrl, deviceOf(device, patient));
  }
}

function patientOf({ patientId, patientName }: SimulatedDevice): Patient & { id: string } {
  return {
    resourceType: 'Patient',
    id: patientId,
    identifier: [{ value: patientId }],
    name: [{ family: patientName.family, given: [patientName.given] }],
  };
}

function deviceOf({ deviceId, deviceName }: SimulatedDevice, patient: string): Device & { id: string } {
  return {
    resourceType: 'Device',
    id: deviceId,
    identifier: [{ value: deviceId }],
    deviceName: [{ name: deviceName, type: 'user-friendly-name' }],
    patient: { reference: `Patient/${patient}` },
  };
}

/**
 * Not with every start: each write would be a version of its own.
 *
 * @returns the id under which it stands
 */
async function putIfAbsent(fhirUrl: string, resource: (Device | Patient) & { id: string }): Promise<string> {
  const { id, ...content } = resource;
  const url = `${fhirUrl}/${resource.resourceType}`;
  if ((await ask(`${url}/${id}`)).status === 200) return id;
  let answer = await ask(`${url}/${id}`, 'PUT', resource);
  if (answer.status === 405) answer = await ask(url, 'POST', content, { 'if-none-exist': `identifier=${id}` });
  if (answer.id !== undefined) return answer.id;
  throw new Error(`${resource.resourceType} could not be registered: the FHIR server answered ${answer.status}`);
}

/** What a server says of a resource. */
interface Answer {
  status: number;
  /** Undefined where it is refused. */
  id: string | undefined;
}

async function ask(url: string, method = 'GET', body?: object, headers = {}): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(url, {
        method,
        headers: { 'content-type': 'application/fhir+json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS);
    }
  }
}

/** @throws when there is no answer that says something of the resource */
async function askOnce(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const { status, ok } = response;
  const { id } = (await response.json()) as { id?: string };
  if (status === 429 || status >= 500) throw new Error(`The FHIR server answered a registration with ${status}`);
  return { status, id: ok ? id : undefined };
}
