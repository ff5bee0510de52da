import type { Device, Patient } from 'fhir/r4.js';
import { DEVICES } from './readings.ts';

/** Puts every device and its patient onto the FHIR server. */
export async function registerDevices(fhirUrl: string): Promise<void> {
  for (const { deviceId, patientId } of DEVICES) {
    await put(fhirUrl, { resourceType: 'Patient', id: patientId, identifier: [{ value: patientId }] });
    const patient = { reference: `Patient/${patientId}` };
    await put(fhirUrl, { resourceType: 'Device', id: deviceId, identifier: [{ value: deviceId }], patient });
  }
}

async function put(fhirUrl: string, resource: (Patient | Device) & { id: string }): Promise<void> {
  const response = await fetch(`${fhirUrl}/${resource.resourceType}/${resource.id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(resource),
  });
  if (!response.ok) throw new Error(`The FHIR server answered ${response.status} to a registration`);
}
