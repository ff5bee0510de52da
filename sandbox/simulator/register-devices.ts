import type { Device, Patient } from 'fhir/r4.js';
import type { SimulatedDevice } from './devices.ts';

/** Registers the simulated devices and their patients, where they are not yet. */
export async function registerDevices(fhirUrl: string, devices: readonly SimulatedDevice[]): Promise<void> {
  for (const device of devices) {
    await putIfAbsent(fhirUrl, patientOf(device));
    await putIfAbsent(fhirUrl, deviceOf(device));
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

function deviceOf({ deviceId, patientId, deviceName }: SimulatedDevice): Device & { id: string } {
  return {
    resourceType: 'Device',
    id: deviceId,
    identifier: [{ value: deviceId }],
    deviceName: [{ name: deviceName, type: 'user-friendly-name' }],
    patient: { reference: `Patient/${patientId}` },
  };
}

/** Not with every start: each write would be a version of its own. */
async function putIfAbsent(fhirUrl: string, resource: { resourceType: string; id: string }): Promise<void> {
  const url = `${fhirUrl}/${resource.resourceType}/${resource.id}`;
  const read = await fetch(url);
  await read.arrayBuffer();
  if (read.ok) return;
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(resource),
  });
  if (!response.ok)
    throw new Error(`${resource.resourceType} could not be registered: the FHIR server answered ${response.status}`);
}
