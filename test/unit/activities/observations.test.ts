import { describe, expect, test } from '@jest/globals';
import type { Observation, Resource } from 'fhir/r4.js';
import type { FhirClient, ReadResult, WithId } from '../../../activities/fhir-client.ts';
import type { ActivityScope } from '../../../activities/observations.ts';
import { createObservationActivities } from '../../../activities/observations.ts';
import { ServerTraits } from '../../../activities/server-traits.ts';
import { rowCount } from '../../../core/measurement-rows.ts';
import type { DeliveryInput, DeliveryOutcome } from '../../../core/delivery.ts';
import type { IngestErrorCode } from '../../../core/errors.ts';
import { IngestError } from '../../../core/errors.ts';
import type { IdentityAnswer } from '../../../core/identity.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { inlineBatch } from '../../support/measurement-batches.ts';

const MAPPING = loadFhirMapping(
  JSON.stringify({
    templateType: 'CollectionFhir',
    template: [
      {
        templateType: 'CodeValueFhir',
        template: { typeName: 'heartRate', codes: [], value: { valueType: 'Quantity', valueName: 'hr' } },
      },
      {
        templateType: 'CodeValueFhir',
        template: {
          typeName: 'hourly',
          periodInterval: 60,
          codes: [],
          value: { valueType: 'SampledData', defaultPeriod: 5000, valueName: 'hr' },
        },
      },
    ],
  }),
);
const RESOLVED: IdentityAnswer = {
  ok: true,
  assignments: [{ device: 'd', patient: 'p' }],
  coversFrom: '2000-01-01T00:00:00Z',
};
const SCOPE: ActivityScope = { workflowId: 'w', throwIfCancelled: () => undefined, isOutOfTime: () => false };

/** A server in memory, and how it fails: by the minute and second of the Observation's period. */
class Server {
  readonly stored = new Map<string, Observation>();
  readonly tried: string[] = [];

  client(fails: (periodStart: string, tryCount: number) => IngestErrorCode | undefined): FhirClient {
    return {
      search: () => Promise.resolve([]),
      history: () => Promise.resolve(undefined),
      delete: () => Promise.reject(new RangeError('Nothing is deleted here')),
      capabilities: () => Promise.resolve(undefined),
      create: () => Promise.reject(new RangeError('This server takes the ids of its clients')),
      read: <R extends Resource>(_type: R['resourceType'], id: string) => {
        const resource = this.stored.get(id) as Resource | undefined;
        return Promise.resolve(resource === undefined ? 'absent' : ({ resource, versionId: '1' } as ReadResult<R>));
      },
      put: <R extends Resource>(resource: WithId<R>) => {
        const observation = resource as Resource as Observation;
        const start = observation.effectivePeriod?.start?.slice(17, 19) ?? '';
        this.tried.push(start);
        const code = fails(start, this.tried.length);
        if (code !== undefined) return Promise.reject(new IngestError(code, 'as told'));
        this.stored.set(resource.id, observation);
        return Promise.resolve({ kind: 'created', id: resource.id, versionId: '1' } as const);
      },
    };
  }
}

async function deliver(
  fhir: FhirClient,
  options: { scope?: ActivityScope; answer?: IdentityAnswer; rows?: number; type?: string } = {},
): Promise<DeliveryOutcome> {
  const { scope = SCOPE, answer = RESOLVED, rows = 10, type = 'heartRate' } = options;
  if (!MAPPING.ok) throw new Error('Expected a valid mapping');
  const { template: mapping } = MAPPING;
  const unused = (): never => {
    throw new RangeError('No claims here');
  };
  const activities = createObservationActivities({
    fhir,
    traits: new ServerTraits(),
    onReplaced: () => undefined,
    claims: { put: unused, get: unused, delete: unused },
    deadLetters: { add: () => Promise.resolve(), list: () => Promise.resolve([]) },
    currentMapping: () => Promise.resolve({ version: 'v', mapping }),
    scope: () => scope,
    now: () => new Date('2024-01-01T00:00:00Z'),
    onUnexpected: (thrown) => {
      throw thrown;
    },
  });
  // The readings of measurement-batches.ts lie a second apart, from second 20 on.
  const batches = [inlineBatch(Array.from({ length: rows }, (_, i) => i))];
  const input: DeliveryInput = { deviceId: 'device-1', type, batches, identities: [{ ids: {}, answer }] };
  const outcome = await activities.upsertObservations(input);
  const waiting = outcome.waiting.flatMap(({ rows: kept }) => kept).reduce((sum, kept) => sum + rowsOf(kept, input), 0);
  const { written, superseded, withoutValue, deadLettered } = outcome.counts;
  expect(written + superseded + withoutValue + deadLettered + waiting).toBe(rows);
  return outcome;
}

function rowsOf(kept: DeliveryOutcome['waiting'][number]['rows'][number], input: DeliveryInput): number {
  if ('claimed' in kept) return rowCount(kept.claimed);
  const whole = input.batches[kept.batch];
  return kept.rows?.reduce((sum, [from, to]) => sum + to - from, 0) ?? (whole === undefined ? 0 : rowCount(whole));
}

describe('a delivery', () => {
  test('counts samples that gave way to another of their slot, new or stored', async () => {
    const server = new Server();
    const fhir = server.client(() => undefined);
    // A reading a second, and a slot for five of them.
    const first = await deliver(fhir, { rows: 10, type: 'hourly' });
    expect(first.counts).toMatchObject({ written: 10, collidedSamples: 8 });
    const again = await deliver(fhir, { rows: 9, type: 'hourly' });
    expect(again.counts).toMatchObject({ written: 9, collidedSamples: 8 });
  });

  test('writes all others when the server cannot take one Observation, wherever it stands', async () => {
    const server = new Server();
    const outcome = await deliver(
      server.client((start) => (start === '20' || start === '25' ? 'FHIR_UNAVAILABLE' : undefined)),
    );
    expect(server.stored.size).toBe(8);
    expect(outcome.waiting.map(({ code }) => code)).toEqual(['FHIR_UNAVAILABLE', 'FHIR_UNAVAILABLE']);
  });

  test('stops when it is the server: what was written is booked, the rest waits together', async () => {
    const server = new Server();
    const outcome = await deliver(server.client((_, tryCount) => (tryCount > 3 ? 'FHIR_UNREACHABLE' : undefined)));
    expect(outcome.counts.written).toBe(3);
    expect(server.tried.length).toBeLessThan(10);
    expect(outcome.waiting.map(({ key }) => key)).toEqual(['server']);
  });

  test.each(['FHIR_UNREACHABLE', 'FHIR_THROTTLED', 'FHIR_UNAVAILABLE'] as const)(
    'fails as a whole when nothing could be decided for %s',
    async (code) => {
      const server = new Server();
      await expect(deliver(server.client(() => code))).rejects.toMatchObject({ type: code });
    },
  );

  test('does not fail for an identity that could not be asked for: the next attempt would have the same input', async () => {
    const answer: IdentityAnswer = { ok: false, code: 'FHIR_UNREACHABLE', message: 'why' };
    const outcome = await deliver(
      new Server().client(() => undefined),
      { answer },
    );
    expect(outcome.waiting.map(({ code }) => code)).toEqual(['FHIR_UNREACHABLE']);
  });

  test('keeps a device nobody knows as one group, however many periods its readings have', async () => {
    const answer: IdentityAnswer = { ok: false, code: 'DEVICE_NOT_FOUND', message: 'why' };
    const outcome = await deliver(
      new Server().client(() => undefined),
      { answer, rows: 500 },
    );
    expect(outcome.waiting).toHaveLength(1);
  });

  test('books what it has written when its time is over, and leaves the rest for the next', async () => {
    let asked = 0;
    const scope: ActivityScope = { ...SCOPE, isOutOfTime: () => (asked += 1) > 4 };
    const outcome = await deliver(
      new Server().client(() => undefined),
      { scope },
    );
    expect(outcome.counts.written).toBe(4);
    expect(outcome.waiting.map(({ code }) => code)).toEqual(['DELIVERY_UNFINISHED']);
  });

  test('refuses what the server refuses for itself, and writes the others', async () => {
    const server = new Server();
    const outcome = await deliver(server.client((start) => (start === '21' ? 'OBSERVATION_REJECTED' : undefined)));
    expect(outcome.counts).toMatchObject({ written: 9, deadLettered: 1 });
  });
});
