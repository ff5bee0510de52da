import type { Bundle, Observation, ObservationComponent } from 'fhir/r4.js';
import type { Fact } from './readings.ts';

/** Every Observation of the server. @throws when it does not answer, or a page holds one twice */
export async function readObservations(fhirUrl: string): Promise<Observation[]> {
  const byId = new Map<string, Observation>();
  let count = 0;
  let page: string | undefined = `${fhirUrl}/Observation?_count=1000`;
  while (page !== undefined) {
    const response = await fetch(page);
    if (!response.ok) throw new Error(`The FHIR server answered ${response.status} to a search of Observations`);
    const bundle = (await response.json()) as Bundle<Observation>;
    for (const { resource } of bundle.entry ?? []) {
      count += 1;
      if (resource?.id !== undefined) byId.set(resource.id, resource);
    }
    page = bundle.link?.find(({ relation }) => relation === 'next')?.url;
  }
  if (byId.size !== count) throw new Error(`Expected ${count} different Observations, found ${byId.size}`);
  return [...byId.values()];
}

/**
 * What an Observation says, a fact for each value. The kill test's own decoding: nothing of the system takes part in it.
 *
 * @throws when it is none of the samples'
 */
export function factsIn(observation: Observation): Fact[] {
  const type = observation.code.text ?? '';
  const patientId = idIn(observation.subject?.reference, 'Patient');
  const deviceId = idIn(observation.device?.reference, 'Device');
  const start = instant(observation.effectiveDateTime ?? observation.effectivePeriod?.start);
  const fact = (at: number, value: string): Fact => ({ type, patientId, deviceId, at, value });
  if (observation.valueQuantity !== undefined) return [fact(start, String(observation.valueQuantity.value))];
  if (observation.valueSampledData !== undefined) {
    const { data = '', period } = observation.valueSampledData;
    return samplesIn(data).map(({ slot, token }) => fact(start + slot * period, token));
  }
  return [fact(start, (observation.component ?? []).map(componentText).join(', '))];
}

/** Slots without a sample hold `E`. */
function samplesIn(data: string): { slot: number; token: string }[] {
  return data
    .split(' ')
    .map((token, slot) => ({ slot, token }))
    .filter(({ token }) => token !== 'E');
}

function componentText({ code, valueQuantity }: ObservationComponent): string {
  return `${code.text ?? ''} ${String(valueQuantity?.value)}`;
}

function idIn(reference: string | undefined, resourceType: string): string {
  return new RegExp(`(?:^|/)${resourceType}/([^/]+)$`).exec(reference ?? '')?.[1] ?? 'nobody';
}

/** @throws for a time finer than a millisecond: none was sent */
function instant(text: string | undefined): number {
  const [, seconds = '', fraction = ''] = /^(.+:\d\d)(?:\.(\d+))?Z$/.exec(text ?? '') ?? [];
  if (seconds === '' || !/^\d{0,3}0*$/.test(fraction)) throw new Error('Expected an instant in whole milliseconds');
  return Date.parse(`${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
}
