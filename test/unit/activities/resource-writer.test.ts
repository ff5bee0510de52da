import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observation } from 'fhir/r4.js';
import type { ResourceDraft } from '../../../activities/resource-writer.ts';
import { writeResource } from '../../../activities/resource-writer.ts';
import { ServerTraits } from '../../../activities/server-traits.ts';
import { IngestError } from '../../../core/errors.ts';
import type { Measurement } from '../../../core/measurement.ts';
import { deliver, IDS, instant, measured, stored, templateOf } from '../../support/fhir-mapping.ts';
import type { Manner, Wire } from './memory-server.ts';
import { MemoryServer } from './memory-server.ts';

/** Sampled and replaced values, in one Observation an hour. */
const HOURLY = templateOf({
  periodInterval: 60,
  value: { valueType: 'Quantity', unit: 'u', valueName: 'a' },
  components: [{ codes: [], value: { valueType: 'SampledData', defaultPeriod: 5000, unit: 'u', valueName: 'b' } }],
});
const at = (slot: number): Measurement => measured(slot * 5, { a: `${slot}.0`, b: `${slot}.50` });

let issued = 0;

/** Every attempt makes its draft anew, as an activity does. */
function draftOf(measurements: readonly Measurement[], template = HOURLY): ResourceDraft<Observation> {
  const [group] = template.group(measurements);
  if (group === undefined) throw new Error('Expected measurements of one hour');
  issued += 1;
  const issuedAt = instant(100_000 + issued);
  return {
    resourceType: template.resourceType,
    lineage: template.lineage,
    identifier: template.identifier(group, IDS),
    create: () => template.create(group, IDS, issuedAt),
    merge: (found) => template.merge(group, IDS, found),
    join: (found, other) => template.join(group, IDS, found, other),
  };
}

const ID = draftOf([at(0)]).identifier.id;

/** A worker's process: what it has learnt ends with it. */
class Process {
  readonly #traits = new ServerTraits();
  readonly #server: MemoryServer;
  replacedCount = 0;

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  async write(slots: readonly number[], wire?: Wire): Promise<string> {
    return await this.writeDraft(draftOf(slots.map(at)), wire);
  }

  async writeDraft(draft: ResourceDraft<Observation>, wire?: Wire): Promise<string> {
    const onReplaced = (): void => {
      this.replacedCount += 1;
    };
    const deps = { fhir: this.#server.client(wire), traits: this.#traits, onReplaced };
    return await writeResource(deps, draft);
  }
}

const expected = (slots: readonly number[]): unknown => content([...deliver(HOURLY, [slots.map(at)]).values()][0]);

/** How often it was written, when first, and under which id is another matter. */
function content(observation: Observation | undefined): unknown {
  return JSON.parse(JSON.stringify({ ...observation, id: '', status: '', issued: '', meta: undefined }));
}

function onlyOne(server: MemoryServer): unknown {
  const all = server.all<Observation>('Observation');
  expect(all).toHaveLength(1);
  return content(all[0]);
}

const FOLLOWS_THE_BOOK: Partial<Manner> = {};
const WITH_OWN_IDS: { name: string; manner: Partial<Manner> }[] = [
  { name: 'one that follows the book', manner: FOLLOWS_THE_BOOK },
  {
    name: 'Medplum',
    manner: { ifNoneMatch: 'ignored', deleted: 'hidden', versions: 'uuids', history: 'oldest first' },
  },
  { name: 'HAPI', manner: { ifNoneMatch: 'ignored', ifMatchOfDeleted: 'created' } },
  {
    name: 'one whose versions are of one instant',
    manner: { ifNoneMatch: 'ignored', versions: 'uuids', times: 'one' },
  },
];
const WITH_GIVEN_IDS: { name: string; manner: Partial<Manner> }[] = [
  { name: 'one that refuses ids with 405', manner: { clientIds: 'refused' } },
  { name: 'one that refuses ids and states it', manner: { clientIds: 'refused, stated', versions: 'uuids' } },
  {
    name: 'one that refuses ids and states nothing',
    manner: { clientIds: 'refused, unstated', searchCase: 'ignored' },
  },
];
const REPLACES_IDS = { name: 'one that replaces ids', manner: { clientIds: 'replaced' } as const };
const WITHOUT_VERSIONS = { name: 'one that names no versions', manner: { versions: 'none' } as const };
const TO_MS = { name: 'one that keeps milliseconds', manner: { precision: 'ms' } as const };

describe.each([...WITH_OWN_IDS, ...WITH_GIVEN_IDS, REPLACES_IDS, WITHOUT_VERSIONS])('on $name', ({ manner }) => {
  test('one Observation is created, merged and left alone, by one process and the next', async () => {
    const server = new MemoryServer(manner);
    const [first, next] = [new Process(server), new Process(server)];
    expect(await first.write([0, 1])).toBe('created');
    expect(await first.write([1])).toBe('unchanged');
    expect(await first.write([2])).toBe('updated');
    expect(await next.write([2, 3])).toBe('updated');
    expect(await next.write([0, 3])).toBe('unchanged');
    expect(onlyOne(server)).toEqual(expected([0, 1, 2, 3]));
    expect([first.replacedCount, next.replacedCount]).toEqual([0, 0]);
  });

  test('a write whose answer was lost is not done twice', async () => {
    const server = new MemoryServer(manner);
    const lost = lostAfter((operation) => operation === 'put' || operation === 'create');
    await expect(new Process(server).write([0], lost)).rejects.toThrow(Lost);
    expect(await new Process(server).write([0])).toMatch(/created|unchanged/);
    expect(onlyOne(server)).toEqual(expected([0]));
  });
});

describe.each([...WITH_OWN_IDS, ...WITH_GIVEN_IDS])('on $name', ({ manner }) => {
  test('nothing is lost to writers that race and die, at whatever request', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), deliveries(), async (scheduler, writers) => {
        const server = new MemoryServer(manner);
        const shared = new Process(server);
        const race = writers.map(async ({ slots, diesAfter, isAlone }) => {
          let requestCount = 0;
          await (isAlone ? new Process(server) : shared).write(slots, {
            before: () => scheduler.schedule(Promise.resolve()),
            after: () => {
              if ((requestCount += 1) > diesAfter) throw new Lost();
            },
          });
        });
        const ended = await scheduler.waitFor(Promise.allSettled(race));
        // Who failed is given the same again, as an activity is.
        for (const [i, { status }] of ended.entries()) {
          if (status === 'rejected') await new Process(server).write(writers[i]?.slots ?? []);
        }
        expect(onlyOne(server)).toEqual(expected(writers.flatMap(({ slots }) => slots)));
      }),
      { numRuns: 150 },
    );
  });
});

/** Up to four writers of one hour. Some share a process; some die after so many requests, their effect done. */
function deliveries() {
  const slots = fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 4 });
  const diesAfter = fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(5) });
  return fc.array(fc.record({ slots, diesAfter, isAlone: fc.boolean() }), { minLength: 1, maxLength: 4 });
}

describe.each(WITH_OWN_IDS)('a deleted Observation on $name', ({ manner }) => {
  test('is not brought back, whatever the process has learnt before', async () => {
    const server = new MemoryServer(manner);
    const process = new Process(server);
    await process.write([0]);
    server.delete('Observation', ID);
    for (const writer of [process, new Process(server), process]) {
      await expect(writer.write([1])).rejects.toMatchObject({ code: 'OBSERVATION_DELETED' });
    }
    expect(server.all('Observation')).toEqual([]);
  });

  test('is not brought back if it was deleted after it was read', async () => {
    const server = new MemoryServer(manner);
    const process = new Process(server);
    await process.write([0]);
    const deleting: Wire = {
      before: (operation) => {
        if (operation === 'put') server.delete('Observation', ID);
      },
    };
    await expect(process.write([1], deleting)).rejects.toMatchObject({ code: 'OBSERVATION_DELETED' });
    expect(server.all('Observation')).toEqual([]);
  });
});

describe('streams that begin with their first reading', () => {
  const correlated = templateOf({
    periodInterval: -1,
    value: { valueType: 'SampledData', defaultPeriod: 1000, valueName: 'b' },
  });
  /** Off each other's grid, but never two in a slot: each has a token of its own. */
  const reading = (n: number): Measurement => measured(n * 1.3 + ((n * 7) % 4) / 10, { b: `${n}.5` });
  const strip = (ns: readonly number[]): ResourceDraft<Observation> => draftOf(ns.map(reading), correlated);
  const later = (observation: Observation | undefined): unknown => [
    observation?.effectivePeriod,
    observation?.valueSampledData,
  ];

  test('are neither lost nor doubled where one has replaced the other', async () => {
    const server = new MemoryServer({ ifNoneMatch: 'ignored' });
    let isFirst = true;
    const meanwhile: Wire = {
      before: async (operation) => {
        if (operation !== 'put' || !isFirst) return;
        isFirst = false;
        await new Process(server).writeDraft(strip([0, 2]));
      },
    };
    expect(await new Process(server).writeDraft(strip([1, 3, 4]), meanwhile)).toBe('updated');
    const [observation] = server.all<Observation>('Observation');
    const data = observation?.valueSampledData?.data?.split(' ').filter((token) => token !== 'E');
    expect(data).toEqual(['0.5', '1.5', '2.5', '3.5', '4.5']);
  });

  const ordered = WITH_OWN_IDS.filter(({ manner }) => manner.times !== 'one');
  test.each(ordered)('on $name end as if one writer had come after the other', async ({ manner }) => {
    const sets = fc.array(fc.uniqueArray(fc.nat(12), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sets, fc.nat(6), async (scheduler, writers, diesAfter) => {
        const server = new MemoryServer(manner);
        const write = (ns: readonly number[], last: number): Promise<string> => {
          let requestCount = 0;
          const before = (): Promise<void> => scheduler.schedule(Promise.resolve());
          const after = (): void => {
            if ((requestCount += 1) > last) throw new Lost();
          };
          return new Process(server).writeDraft(strip(ns), { before, after });
        };
        const race = writers.map((ns, i) => write(ns, i === 0 ? diesAfter : Infinity));
        const ended = await scheduler.waitFor(Promise.allSettled(race));
        for (const [i, { status }] of ended.entries()) {
          if (status === 'rejected') await new Process(server).writeDraft(strip(writers[i] ?? []));
        }
        const serial = writers.map((first) => {
          const batches = [first, ...writers].map((ns) => ns.map(reading));
          return JSON.stringify(later([...deliver(correlated, batches).values()][0]));
        });
        const all = server.all<Observation>('Observation');
        expect(all).toHaveLength(1);
        expect(serial).toContain(JSON.stringify(later(all[0])));
      }),
      { numRuns: 150 },
    );
  });
});

test('of three streams of one instant, off each other’s slots, it is not known which was first: nothing is written', async () => {
  const correlated = templateOf({
    periodInterval: -1,
    value: { valueType: 'SampledData', defaultPeriod: 1000, valueName: 'b' },
  });
  const server = new MemoryServer({ ifNoneMatch: 'ignored', versions: 'uuids', times: 'one' });
  const strip = (second: number): ResourceDraft<Observation> => draftOf([measured(second, { b: '1' })], correlated);
  for (const second of [0, 1.3, 2.6]) server.write({ ...strip(second).create(), id: strip(0).identifier.id });
  await expect(new Process(server).writeDraft(strip(2.6))).rejects.toMatchObject({ code: 'MAPPING_CONFLICT' });
  expect(server.requests).not.toContain('put Observation');
});

describe('what a process learns', () => {
  const hour = (index: number): number => index * 720;

  test('spares the history of what is absent, once the server has shown that it tells what is deleted', async () => {
    const server = new MemoryServer();
    const process = new Process(server);
    await process.write([hour(0)]);
    server.delete('Observation', ID);
    await expect(process.write([hour(0)])).rejects.toMatchObject({ code: 'OBSERVATION_DELETED' });
    server.requests.length = 0;
    await process.write([hour(1)]);
    expect(server.requests).toEqual(['read Observation', 'put Observation']);
  });

  test.each(['HAPI FHIR Server', 'Firely Server', 'Azure API for FHIR', 'Microsoft FHIR Server'])(
    'spares it from the start where the server calls itself %s',
    async (software) => {
      const server = new MemoryServer({ software });
      const process = new Process(server);
      await process.write([hour(0)]);
      await process.write([hour(1)]);
      expect(server.requests).not.toContain('history Observation');
      expect(server.requests.filter((request) => request.startsWith('capabilities'))).toHaveLength(1);
    },
  );

  test('writes to a server whose statement is not to be had, and asks for it once', async () => {
    const server = new MemoryServer();
    const process = new Process(server);
    let askedCount = 0;
    const silent: Wire = {
      before: (operation) => {
        if (operation !== 'capabilities') return;
        askedCount += 1;
        throw new IngestError('FHIR_UNAVAILABLE', 'Answered with 500', { status: 500 });
      },
    };
    for (const index of [0, 1]) expect(await process.write([hour(index)], silent)).toBe('created');
    expect(askedCount).toBe(1);
  });

  test('keeps asking a server that hides what is deleted', async () => {
    const server = new MemoryServer({ deleted: 'hidden' });
    const process = new Process(server);
    await process.write([hour(0)]);
    server.delete('Observation', ID);
    await expect(process.write([hour(0)])).rejects.toMatchObject({ code: 'OBSERVATION_DELETED' });
    server.requests.length = 0;
    await process.write([hour(1)]);
    expect(server.requests).toEqual(['read Observation', 'history Observation', 'put Observation']);
  });

  test('spares the search, once the server has kept an id', async () => {
    const server = new MemoryServer();
    const process = new Process(server);
    await process.write([hour(0)]);
    expect(server.requests).toContain('search Observation');
    server.requests.length = 0;
    await process.write([hour(1)]);
    expect(server.requests).not.toContain('search Observation');
  });

  test('spares the refused request, once the server has refused an id', async () => {
    const server = new MemoryServer({ clientIds: 'refused' });
    const process = new Process(server);
    await process.write([hour(0)]);
    server.requests.length = 0;
    await process.write([hour(1)]);
    expect(server.requests).toEqual(['search Observation', 'create Observation']);
  });

  test('does not blame the id for a refusal that is stated to be none', async () => {
    const server = new MemoryServer();
    const refuse: Wire = {
      before: (operation) => {
        if (operation !== 'put') return;
        throw new IngestError('OBSERVATION_REJECTED', 'Refused with 422', { status: 422 });
      },
    };
    await expect(new Process(server).write([0], refuse)).rejects.toMatchObject({ code: 'OBSERVATION_REJECTED' });
    expect(server.requests).not.toContain('create Observation');
  });
});

describe('a refusal that is not about ids', () => {
  const refusedOnce = (status: number): Wire => {
    let isFirst = true;
    return {
      before: (operation) => {
        if (operation !== 'put' || !isFirst) return;
        isFirst = false;
        throw new IngestError('FHIR_REQUEST_REJECTED', `Refused with ${status}`, { status });
      },
    };
  };
  const hour = (index: number): number => index * 720;

  // A server that states nothing, and one that says so.
  describe.each<Partial<Manner>>([{ clientIds: 'kept' }, { clientIds: 'kept, unstated' }])(
    'on one with %j',
    (manner) => {
      test.each([400, 404, 405, 422])(
        '%d makes no second Observation of what another worker writes',
        async (status) => {
          const server = new MemoryServer(manner);
          const [refused, other] = [new Process(server), new Process(server)];
          for (const process of [refused, other]) await process.write([0]);
          await other.write([hour(1)]);
          await expect(refused.write([hour(2)], refusedOnce(status))).rejects.toMatchObject({ details: { status } });
          for (const process of [refused, other]) await process.write([hour(2)]);
          expect(server.all('Observation')).toHaveLength(3);
          expect(server.requests).not.toContain('create Observation');
        },
      );
    },
  );

  test('a process that has seen an id kept never doubts it again, but may find out that it was wrong', () => {
    const [traits, wrong] = [new ServerTraits(), new ServerTraits()];
    for (const ids of ['kept', 'assigned'] as const) traits.learnIds('Observation', ids);
    for (const ids of ['assigned', 'kept'] as const) wrong.learnIds('Observation', ids);
    expect([traits, wrong].map((one) => one.idsOf('Observation'))).toEqual(['kept', 'kept']);
  });

  test('405 is one where the server states that it takes ids', async () => {
    const server = new MemoryServer();
    await expect(new Process(server).write([0], refusedOnce(405))).rejects.toMatchObject({ details: { status: 405 } });
    expect(server.requests).not.toContain('create Observation');
  });

  test('a statement that was not to be had is asked for again', async () => {
    const server = new MemoryServer({ clientIds: 'kept' });
    const traits = new ServerTraits();
    const closed = { ...server.client(), capabilities: () => Promise.resolve(undefined) };
    expect(await traits.takesClientIds(closed, 'Observation')).toBeUndefined();
    expect(await traits.takesClientIds(server.client(), 'Observation')).toBe(true);
  });

  test('that one was there already does not show who gives ids', async () => {
    const server = new MemoryServer({ clientIds: 'kept, unstated' });
    server.write({ ...draftOf([at(0)]).create(), id: 'hidden' });
    const process = new Process(server);
    const traits = new ServerTraits();
    const fhir = { ...server.client(refusedOnce(405)), search: () => Promise.resolve([]) };
    await writeResource({ fhir, traits, onReplaced: () => undefined }, draftOf([at(0)]));
    expect(traits.idsOf('Observation')).toBe('unknown');
    expect(await process.write([0])).toBe('unchanged');
  });
});

describe('a create that replaced another', () => {
  const REPLACING: Partial<Manner> = { ifNoneMatch: 'ignored' };
  /** Somebody writes just before this writer's n-th write has its effect. */
  const meanwhile = (steps: readonly (() => Promise<void> | void)[]): Wire => {
    let writeCount = 0;
    return {
      before: async (operation) => {
        if (operation === 'put') await steps[writeCount++]?.();
      },
    };
  };
  const other = (server: MemoryServer, slots: readonly number[]) => async (): Promise<void> => {
    await new Process(server).write(slots);
  };

  test('is merged with what it replaced, and counted', async () => {
    const server = new MemoryServer(REPLACING);
    const process = new Process(server);
    await process.write([0], meanwhile([other(server, [1])]));
    expect(onlyOne(server)).toEqual(expected([0, 1]));
    expect(process.replacedCount).toBe(1);
  });

  test('keeps what others had added to what it replaced', async () => {
    const server = new MemoryServer(REPLACING);
    const addNote = async (): Promise<void> => {
      await other(server, [1])();
      const [observation] = server.all<Observation>('Observation');
      server.write({ ...observation, note: [{ text: 'lying down' }] } as Observation);
    };
    await new Process(server).write([0], meanwhile([addNote]));
    expect(server.all<Observation>('Observation')[0]).toMatchObject({ note: [{ text: 'lying down' }] });
  });

  test('does not lose what it replaced to somebody who writes over it before it is mended', async () => {
    const server = new MemoryServer(REPLACING);
    // The third knows nothing of what was replaced, as another connector would not.
    const overwrite = (): void => {
      const [observation] = server.all<Observation>('Observation');
      const merged = draftOf([at(2)]).merge(stored(observation ?? {})).resource;
      server.write(merged);
    };
    await new Process(server).write([0], meanwhile([other(server, [1]), overwrite]));
    expect(onlyOne(server)).toEqual(expected([0, 1, 2]));
  });

  test('is mended by the next who reads it, if its writer died', async () => {
    const server = new MemoryServer(REPLACING);
    const dying = { ...meanwhile([other(server, [1])]), ...lostAfter((operation) => operation === 'put') };
    await expect(new Process(server).write([0], dying)).rejects.toThrow(Lost);
    const next = new Process(server);
    await next.write([2]);
    expect(onlyOne(server)).toEqual(expected([0, 1, 2]));
    expect(next.replacedCount).toBe(1);
    const versionCount = server.versionCount('Observation', ID);
    expect(await new Process(server).write([0, 1, 2])).toBe('unchanged');
    expect(server.versionCount('Observation', ID)).toBe(versionCount);
  });

  test.each(['entered-in-error', 'cancelled'] as const)('gives way to one that had been %s', async (status) => {
    const server = new MemoryServer(REPLACING);
    const retire = async (): Promise<void> => {
      await other(server, [1])();
      const [observation] = server.all<Observation>('Observation');
      server.write({ ...observation, status } as Observation);
    };
    await expect(new Process(server).write([0], meanwhile([retire]))).rejects.toMatchObject({
      code: 'OBSERVATION_RETIRED',
    });
    expect(server.all<Observation>('Observation')).toMatchObject([{ status }]);
    const versionCount = server.versionCount('Observation', ID);
    await expect(new Process(server).write([0])).rejects.toMatchObject({ code: 'OBSERVATION_RETIRED' });
    expect(server.versionCount('Observation', ID)).toBe(versionCount);
  });

  test('says so when the server does not show what it replaced, and is written all the same', async () => {
    const server = new MemoryServer({ ...REPLACING, history: 'none' });
    const write = new Process(server).write([0], meanwhile([other(server, [1])]));
    await expect(write).rejects.toMatchObject({ code: 'OBSERVATION_CONFLICT' });
    expect(await new Process(server).write([0])).toBe('unchanged');
  });

  test('says so when the server shows no version but the newest', async () => {
    const server = new MemoryServer({ ...REPLACING, history: 'newest only' });
    const write = new Process(server).write([0], meanwhile([other(server, [1])]));
    await expect(write).rejects.toMatchObject({ code: 'OBSERVATION_CONFLICT' });
    expect(await new Process(server).write([0])).toBe('unchanged');
  });

  test.each([
    { name: 'a note', more: { note: [{ text: 'mended' }] } },
    { name: 'a performer', more: { performer: [{ display: 'A nurse' }] } },
    { name: 'a component of its own', more: { component: [{ code: { text: 'own' }, valueString: 'x' }] } },
  ])('is not seen in a change by hand that says anew when it was issued and adds $name', async ({ more }) => {
    const server = new MemoryServer(REPLACING);
    await new Process(server).write([0, 1]);
    const [observation] = server.all<Observation>('Observation');
    const { component: _, ...withoutSamples } = observation ?? ({} as Observation);
    const edited = { ...withoutSamples, issued: instant(200_000), ...more } as Observation;
    server.write(edited);
    expect(await new Process(server).write([0])).toBe('updated');
    const [kept] = server.all<Observation>('Observation');
    expect(kept).toMatchObject('component' in more ? { component: [{ valueString: 'x' }, {}] } : more);
    expect(kept?.component?.at(-1)?.valueSampledData?.data).toMatch(/^0.50 E/);
  });

  test('is not seen in a change that somebody made by hand and left final', async () => {
    const server = new MemoryServer(REPLACING);
    await new Process(server).write([0, 1]);
    const [observation] = server.all<Observation>('Observation');
    const { component: _, ...withoutSamples } = observation ?? ({} as Observation);
    server.write(withoutSamples);
    expect(await new Process(server).write([0])).toBe('updated');
    expect(server.all<Observation>('Observation')[0]?.component?.[0]?.valueSampledData?.data).toMatch(/^0.50 E/);
  });
});

describe('several with one identifier', () => {
  test('wait, and nothing more is written', async () => {
    const server = new MemoryServer({ clientIds: 'refused' });
    const observation = draftOf([at(0)]).create();
    for (const id of ['x', 'y']) server.write({ ...observation, id });
    for (const process of [new Process(server), new Process(server)]) {
      await expect(process.write([0])).rejects.toMatchObject({ code: 'OBSERVATION_AMBIGUOUS', kind: 'waiting' });
    }
    expect(server.all('Observation')).toHaveLength(2);
  });

  test('do not include one whose identifier differs in case', async () => {
    const server = new MemoryServer({ searchCase: 'ignored', clientIds: 'kept' });
    const observation = draftOf([at(0)]).create();
    const [identifier] = observation.identifier ?? [];
    const value = identifier?.value?.toUpperCase() ?? '';
    server.write({ ...observation, id: 'x', identifier: [{ ...identifier, value }] } as Observation);
    expect(await new Process(server).write([0])).toBe('created');
  });
});

test('a process that knows nothing of ids yet merges an Observation of ours where it stands', async () => {
  const server = new MemoryServer();
  server.write({ ...draftOf([at(0)]).create(), id: 'moved' });
  expect(await new Process(server).write([1])).toBe('updated');
  expect(server.all('Observation')).toMatchObject([{ id: 'moved' }]);
  expect(onlyOne(server)).toEqual(expected([0, 1]));
});

test('a redelivered reading makes no new version on a server that keeps milliseconds', async () => {
  const precise = (): ResourceDraft<Observation> =>
    draftOf(
      [0, 1, 2].map((i) => measured(0, { b: '1.5' }, { occurrenceTimeUtc: `2024-03-01T08:00:0${i}.1234567Z` })),
      templateOf({
        periodInterval: -1,
        value: { valueType: 'SampledData', defaultPeriod: 1000, valueName: 'b' },
        components: [{ codes: [], value: { valueType: 'Quantity', valueName: 'b' } }],
      }),
    );
  const server = new MemoryServer(TO_MS.manner);
  const deps = { fhir: server.client(), traits: new ServerTraits(), onReplaced: () => undefined };
  expect(await writeResource(deps, precise())).toBe('created');
  expect(await writeResource(deps, precise())).toBe('unchanged');
});

test('gives up for now on an Observation that changes all the time', async () => {
  const server = new MemoryServer();
  await new Process(server).write([0]);
  const busy: Wire = {
    before: (operation) => {
      if (operation !== 'put') return;
      for (const observation of server.all('Observation')) server.write(observation);
    },
  };
  await expect(new Process(server).write([1], busy)).rejects.toMatchObject({ code: 'OBSERVATION_CONFLICT' });
});

class Lost extends Error {}

/** The connection breaks once the server has done the first such request. */
function lostAfter(isIt: (operation: string) => boolean): Wire {
  return {
    after: (operation) => {
      if (isIt(operation)) throw new Lost();
    },
  };
}
