import { CancelledFailure } from '@temporalio/activity';
import { expect, test } from '@jest/globals';
import type { FhirClient } from '../../../activities/fhir-client.ts';
import type { FhirRequest } from '../../../activities/metered-fhir-client.ts';
import { meteredFhirClient } from '../../../activities/metered-fhir-client.ts';
import { IngestError } from '../../../core/errors.ts';

const patient = { resourceType: 'Patient', id: 'secret-id' } as const;
const written = { id: 'secret-id', versionId: '1' };
const unavailable = new IngestError('FHIR_UNAVAILABLE', 'The FHIR server answered with 503');
const fails = (error: Error): Partial<FhirClient> => ({ delete: () => Promise.reject(error) });

/** What is told of one request to a client that answers so. */
async function told(answers: Partial<FhirClient>, ask: (fhir: FhirClient) => Promise<unknown>) {
  const requests: FhirRequest[] = [];
  const fhir = meteredFhirClient(answers as FhirClient, (request) => requests.push(request));
  const thrown: unknown = await ask(fhir).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { thrown, requests: requests.map(({ durationMs: _, ...request }) => request) };
}

test.each<[string, Partial<FhirClient>, (fhir: FhirClient) => Promise<unknown>, object]>([
  [
    'a resource that is there',
    { read: () => Promise.resolve({ resource: patient, versionId: '1' } as never) },
    (fhir) => fhir.read('Patient', 'secret-id'),
    { interaction: 'read', resourceType: 'Patient', outcome: 'ok' },
  ],
  [
    'a resource that is not',
    { read: () => Promise.resolve('absent' as const) },
    (fhir) => fhir.read('Patient', 'secret-id'),
    { interaction: 'read', resourceType: 'Patient', outcome: 'absent' },
  ],
  [
    'a search',
    { search: () => Promise.resolve([]) },
    (fhir) => fhir.search('Device', { identifier: 'secret-id' }),
    { interaction: 'search', resourceType: 'Device', outcome: 'ok' },
  ],
  [
    'an update that creates',
    { put: () => Promise.resolve({ kind: 'created' as const, ...written }) },
    (fhir) => fhir.put(patient, undefined),
    { interaction: 'update', resourceType: 'Patient', outcome: 'created' },
  ],
  [
    'a lost race',
    { put: () => Promise.resolve({ kind: 'conflict' as const }) },
    (fhir) => fhir.put(patient, { ifMatch: '1' }),
    { interaction: 'update', resourceType: 'Patient', outcome: 'conflict' },
  ],
  [
    'a conditional create of what exists',
    { create: () => Promise.resolve({ kind: 'existed' as const, ...written }) },
    (fhir) => fhir.create(patient, { identifier: 'secret-id' }),
    { interaction: 'create', resourceType: 'Patient', outcome: 'existed' },
  ],
  [
    'a server without histories',
    { history: () => Promise.resolve(undefined) },
    (fhir) => fhir.history('Device', 'secret-id'),
    { interaction: 'history', resourceType: 'Device', outcome: 'absent' },
  ],
])('%s is told once, without any id', async (_, answers, ask, expected) => {
  expect(await told(answers, ask)).toEqual({ thrown: undefined, requests: [expected] });
});

test.each([
  { name: 'a failure', error: unavailable, outcome: 'FHIR_UNAVAILABLE' },
  { name: 'the end of the activity', error: new CancelledFailure('over'), outcome: 'cancelled' },
  { name: 'what nobody expected', error: new Error('secret-id'), outcome: 'UNEXPECTED' },
])('$name is told by its code, and thrown as it was', async ({ error, outcome }) => {
  const { thrown, requests } = await told(fails(error), (fhir) => fhir.delete('Patient', 'secret-id', '1'));
  expect(thrown).toBe(error);
  expect(requests).toEqual([{ interaction: 'delete', resourceType: 'Patient', outcome }]);
});
