import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Flag } from 'fhir/r4.js';
import type { FhirClient } from '../../activities/fhir-client.ts';
import { createHttpFhirClient } from '../../activities/http-fhir-client.ts';
import { createObservationActivities } from '../../activities/observations.ts';
import { ServerTraits } from '../../activities/server-traits.ts';
import { FHIR_BEHAVIOURS } from '../../config/settings.ts';
import type { DeliveryInput, DeliveryOutcome } from '../../core/delivery.ts';
import type { ResolvedIdentity } from '../../core/identity.ts';
import type { Measurement } from '../../core/measurement.ts';
import { encodeRows } from '../../core/measurement-rows.ts';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import { loadFhirMapping } from '../../templates/fhir-mapping/load.ts';
import { MAPPING_KINDS } from '../../templates/fhir-mapping/mapping-kinds.ts';
import { flagFhir } from '../support/flag-fhir.ts';
import { STREAM } from '../support/measurement-batches.ts';

const MAPPING = loadFhirMapping(
  JSON.stringify({
    templateType: 'CollectionFhir',
    template: [{ templateType: 'FlagFhir', template: { typeName: 'fall', codes: [{ code: 'fall' }] } }],
  }),
  {},
  [...MAPPING_KINDS, flagFhir],
);

const fallAt = (second: number): Measurement => ({
  type: 'fall',
  deviceId: 'watch-1',
  occurrenceTimeUtc: `2024-03-01T08:00:${String(second).padStart(2, '0')}Z`,
  ingestionTimeUtc: '2024-03-01T08:01:00Z',
  properties: [],
});

const inputOf = (ids: ResolvedIdentity, seconds: readonly number[]): DeliveryInput => {
  const rows = seconds.map((second, i) => ({ sequenceNumber: i, ordinal: 0, measurement: fallAt(second) }));
  return {
    deviceId: 'watch-1',
    type: 'fall',
    batches: [{ stream: STREAM, partition: '0', content: encodeRows(rows) }],
    identities: [
      {
        ids: {},
        answer: { ok: true, assignments: [ids], coversFrom: '2000-01-01T00:00:00Z' },
      },
    ],
  };
};

/** Delivered as a worker does it, to a server as the pipeline knows it. */
async function deliver(fhir: FhirClient, input: DeliveryInput): Promise<DeliveryOutcome> {
  if (!MAPPING.ok) throw new Error(`Expected a valid mapping: ${JSON.stringify(MAPPING.issues)}`);
  const { template: mapping } = MAPPING;
  const unused = (): never => {
    throw new RangeError('Nothing is claimed or dead-lettered here');
  };
  const activities = createObservationActivities({
    fhir,
    traits: new ServerTraits(),
    onReplaced: () => undefined,
    claims: { put: unused, get: unused, delete: unused },
    deadLetters: {
      add: (letters) => (letters.length === 0 ? Promise.resolve() : unused()),
      list: () => Promise.resolve([]),
    },
    currentMapping: () => Promise.resolve({ version: 'v', mapping }),
    scope: () => ({ workflowId: 'w', throwIfCancelled: () => undefined, isOutOfTime: () => false }),
    now: () => new Date('2024-03-01T09:00:00Z'),
    onUnexpected: (thrown) => {
      throw thrown;
    },
  });
  return await activities.upsertObservations(input);
}

const manners = [
  { name: 'of our own manner', behaves: [] },
  ...FHIR_BEHAVIOURS.map((behaviour) => ({ name: behaviour, behaves: [behaviour] })),
];

describe.each(manners)('a template type of one’s own, on a server: $name', ({ behaves }) => {
  let server: FhirServer;
  let fhir: FhirClient;
  let ids: ResolvedIdentity;

  async function make(resourceType: 'Patient' | 'Device'): Promise<string> {
    const made = await fhir.create({ resourceType }, { identifier: resourceType });
    if (made.kind !== 'created' || made.id === undefined) throw new Error(`Expected it created, it is ${made.kind}`);
    return made.id;
  }

  beforeAll(async () => {
    server = await startFhirServer({ file: ':memory:', behaves });
    fhir = createHttpFhirClient({ baseUrl: server.baseUrl, timeoutMs: 10_000 });
    ids = { patient: await make('Patient'), device: await make('Device') };
  });

  afterAll(async () => {
    await server.stop();
  });

  test('makes resources of another type, each once, however often it is delivered', async () => {
    expect((await deliver(fhir, inputOf(ids, [1, 2, 2]))).counts).toMatchObject({ written: 2, superseded: 1 });
    expect((await deliver(fhir, inputOf(ids, [2, 3]))).observations).toEqual({ created: 1, updated: 0, unchanged: 1 });
    const flags = await fhir.search<Flag>('Flag', {});
    expect(flags.map(({ period }) => period?.start?.slice(17, 19)).sort()).toEqual(['01', '02', '03']);
    for (const flag of flags) {
      expect(flag).toMatchObject({
        resourceType: 'Flag',
        status: 'active',
        subject: { reference: `Patient/${ids.patient}` },
        author: { reference: `Device/${ids.device}` },
      });
    }
  });
});
