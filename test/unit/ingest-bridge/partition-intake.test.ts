import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { namingOf } from '../../../core/naming.ts';
import type { Ledger } from '../../../core/ledger.ts';
import type { MeasurementBatch } from '../../../core/measurement-rows.ts';
import { decodeRow, isClaimed, rowsAbove } from '../../../core/measurement-rows.ts';
import { PendingGroups } from '../../../core/pending-groups.ts';
import { createDeviceContents } from '../../../ingest-bridge/active-content.ts';
import type { BackPressure } from '../../../ingest-bridge/back-pressure.ts';
import { HeldBackError } from '../../../ingest-bridge/back-pressure.ts';
import type { Dispatch } from '../../../ingest-bridge/dispatch.ts';
import type { HubEvent } from '../../../ingest-bridge/event-message.ts';
import { deviceMessageOf } from '../../../ingest-bridge/event-message.ts';
import { PartitionIntake } from '../../../ingest-bridge/partition-intake.ts';
import { writeDemoTemplates } from '../../../sandbox/demo-templates.ts';
import { createLogger } from '../../../service/log.ts';
import { createMetrics } from '../../../service/metrics.ts';
import { createClaims } from '../../../stores/claims.ts';
import { createDeadLetters } from '../../../stores/dead-letters.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { createLedgers } from '../../../stores/ledgers.ts';
import type { ObjectStore } from '../../../stores/object-store.ts';
import { createTemplateVersions } from '../../../stores/template-versions.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { STREAM } from '../../support/measurement-batches.ts';
import type { Family } from '../../support/prometheus-text.ts';
import { parsePrometheusText, sumOf } from '../../support/prometheus-text.ts';

const DEPLOYMENT = 'test';
const PARTITION = '0';
const EVENT_COUNT = 1000;
const STARTED_AT = Date.UTC(2024, 2, 1);
const SETTINGS = {
  windowMs: 1,
  maxRows: 1e9,
  maxBytes: 1e9,
  maxDeliveryRows: 1e9,
  maxDeliveryBytes: Infinity,
  maxInlineBytes: 1e9,
  maxCarriedBytes: Infinity,
  retry: { fastInitialMs: 1, fastAttempts: 1, slowInitialMs: 1, slowMaximumMs: 1 },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partition-intake-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A thousand events of three devices: readings of every kind, bursts, what matches nothing, and what is no JSON. */
const EVENTS = Array.from({ length: EVENT_COUNT }, (_, sequenceNumber): HubEvent => ({
  sequenceNumber,
  offset: String(sequenceNumber * 100),
  enqueuedAt: new Date(STARTED_AT + sequenceNumber * 1000).toISOString(),
  body: new TextEncoder().encode(bodyOf(sequenceNumber)),
  properties: {},
  systemProperties: {},
}));

function bodyOf(n: number): string {
  const of = { deviceId: `device-${n % 3}`, measuredAt: new Date(STARTED_AT + n * 1000).toISOString() };
  const heartRates = (count: number) => Array.from({ length: count }, (_, i) => ({ ...of, heartRate: 50 + i }));
  switch (n % 11) {
    case 0:
      return '{"deviceId": "device-1", "heartRate": ';
    case 1:
      return JSON.stringify({ ...of, battery: 80 });
    case 2:
      return JSON.stringify({ ...of, bloodPressure: { systolic: 120, diastolic: 80 } });
    case 3:
      return JSON.stringify({ ...of, stepsToday: n });
    case 4:
      return JSON.stringify(heartRates(n % 33 === 4 ? 250 : 3));
    default:
      return JSON.stringify({ ...of, heartRate: 60 + (n % 40) });
  }
}

/** The workflows' side: what a signal handler does with a batch, and what it was told of each measurement. */
class Workflows {
  readonly pending = new Map<string, PendingGroups>();
  signalCount = 0;
  claimedCount = 0;

  readonly append: Dispatch = ({ workflowId }, batch) => {
    const known = this.pending.get(workflowId) ?? new PendingGroups(SETTINGS, workflowId);
    this.pending.set(workflowId, known);
    this.signalCount += 1;
    if (isClaimed(batch.content)) this.claimedCount += 1;
    known.append(JSON.parse(JSON.stringify(batch)) as MeasurementBatch, this.signalCount);
    return Promise.resolve();
  };
}

interface Deployment {
  readonly store: ObjectStore;
  readonly workflows: Workflows;
  readonly texts: readonly [string, string];
  activate(text: string): Promise<void>;
  ledger(): Promise<Ledger | undefined>;
  /** What all intakes together have counted. */
  counted(): Promise<ReadonlyMap<string, Family>>;
  /** An intake of its own process: nothing is shared with another but the store and the workflows. */
  intake(ports?: {
    dispatch?: Dispatch;
    backPressure?: Partial<BackPressure>;
    beforeLedgerWrite?: () => void;
    lastEnqueued?: number;
  }): PartitionIntake;
}

async function createDeployment(root: string): Promise<Deployment> {
  const store = createFolderStore(join(root, 'store'));
  const { deviceContentFile } = writeDemoTemplates(join(root, 'templates'));
  const text = await readFile(deviceContentFile, 'utf8');
  // The same templates the other way round: every measurement of an event with two has another ordinal.
  const collection = JSON.parse(text) as { template: unknown[] };
  const reversed = JSON.stringify({ ...collection, template: collection.template.toReversed() });
  const versions = createTemplateVersions(store, DEPLOYMENT);
  const workflows = new Workflows();
  const ledgers = createLedgers(store, DEPLOYMENT);
  const metrics = createMetrics({ process: 'ingest-bridge', deployment: DEPLOYMENT });
  return {
    store,
    workflows,
    counted: async () => parsePrometheusText(await metrics.scrape()),
    texts: [text, reversed],
    async activate(content) {
      const deviceContent = await versions.publish('deviceContent', content);
      const considered = { deviceContent, fhirMapping: '' };
      const active = { deviceContent, fhirMapping: '', activatedAt: new Date(STARTED_AT).toISOString(), considered };
      await versions.activate(active, (await versions.active())?.version);
    },
    ledger: async () => (await ledgers.get(STREAM, PARTITION))?.value,
    intake({ dispatch, backPressure, beforeLedgerWrite, lastEnqueued = EVENT_COUNT - 1 } = {}) {
      const put: typeof ledgers.put = async (ledger, ifVersion) => {
        beforeLedgerWrite?.();
        return await ledgers.put(ledger, ifVersion);
      };
      const deps = {
        deployment: DEPLOYMENT,
        naming: namingOf(DEPLOYMENT),
        ledgers: { ...ledgers, put },
        claims: createClaims(store, DEPLOYMENT),
        deadLetters: createDeadLetters(store, DEPLOYMENT),
        contents: createDeviceContents(createTemplateVersions(store, DEPLOYMENT)),
        dispatch: dispatch ?? workflows.append,
        backPressure: { awaitWorkers: () => Promise.resolve(), admit: () => Promise.resolve(), ...backPressure },
        lastEnqueued: () => Promise.resolve(lastEnqueued),
        signalConcurrency: 4,
        metrics: metrics.instruments,
        log: createLogger('test', 'silent'),
        now: () => new Date(STARTED_AT),
      };
      return new PartitionIntake(deps, STREAM, PARTITION);
    },
  };
}

/** Everything the workflows hold, by sequence number and ordinal, claims read; and what they say they received. */
async function receivedBy({ store, workflows }: Deployment) {
  const claims = createClaims(store, DEPLOYMENT);
  const found: { sequenceNumber: number; ordinal: number; content: string }[] = [];
  let received = 0;
  for (const [workflowId, pending] of workflows.pending) {
    pending.flush(Number.MAX_SAFE_INTEGER);
    const { batches } = pending.take(Number.MAX_SAFE_INTEGER);
    const opened = await Promise.all(
      batches.map(async ({ content, after }) => {
        return isClaimed(content) ? rowsAbove((await claims.get(content.claim))!, after) : content;
      }),
    );
    const claimCounts = opened.map((rows, batch) => ({ batch, count: rows.rows.length }));
    const written = claimCounts.reduce((sum, { count }) => sum + count, 0);
    const counts = { written, superseded: 0, withoutValue: 0, deadLettered: 0, collidedSamples: 0 };
    pending.record({ counts, observations: { created: 0, updated: 0, unchanged: 0 }, waiting: [], claimCounts }, 0);
    received += pending.counts().received;
    for (const rows of opened) {
      for (const row of rows.rows) {
        const content = JSON.stringify([workflowId, decodeRow(rows, row, { deviceId: '', type: '' }).properties]);
        found.push({ sequenceNumber: row[0], ordinal: row[1], content });
      }
    }
  }
  return { found, received };
}

const EXPECTED: Record<string, string[][]> = {};

/** What an event yields with a template: the shape `receivedBy` has it in. */
function expectedOf(event: HubEvent, text: string): string[] {
  const loaded = loadDeviceContent(text);
  if (!loaded.ok) throw new RangeError('Expected the samples to load');
  try {
    const measurements = loaded.template.normalize(deviceMessageOf(event), { enqueuedAt: event.enqueuedAt });
    return measurements.map(({ deviceId, type, properties }) => {
      return JSON.stringify([`${DEPLOYMENT}.${deviceId}.${type}`, properties]);
    });
  } catch {
    return []; // it is dead-lettered
  }
}

interface Stage {
  /** How many more events the hub has taken in by the end of it. */
  readonly enqueued: number;
  readonly activates: 'first' | 'second' | 'none';
  /** Batch sizes, taken in turn. */
  readonly cuts: readonly number[];
  /** Batch sizes of another bridge that believes it owns the partition. */
  readonly zombieCuts: readonly number[];
  /** So many events below the ledger come again. */
  readonly overlap: number;
  readonly end: 'lives on' | 'crash before the ledger write' | 'crash after signals' | 'stop';
  readonly endsAfter: number;
}

const cutsArb = (minLength: number) => fc.array(fc.integer({ min: 1, max: 250 }), { minLength, maxLength: 6 });
const stageArb: fc.Arbitrary<Stage> = fc.record({
  enqueued: fc.integer({ min: 50, max: 500 }),
  activates: fc.constantFrom('first', 'second', 'none'),
  cuts: cutsArb(1),
  zombieCuts: fc.oneof(fc.constant([]), cutsArb(1)),
  overlap: fc.nat(200),
  end: fc.constantFrom('lives on', 'crash before the ledger write', 'crash after signals', 'stop'),
  endsAfter: fc.nat(5),
});

/** Hands events over in batches until they are through or the intake has come to its end. */
async function feed(intake: PartitionIntake, events: readonly HubEvent[], cuts: readonly number[]): Promise<void> {
  for (let from = 0, i = 0; from < events.length; i++) {
    const size = cuts[i % cuts.length]!;
    try {
      await intake.take(events.slice(from, from + size));
    } catch {
      return; // crashed or stopped: its ledger says how far it came
    }
    from += size;
  }
}

/** An intake that ends as the stage says. */
function mortalIntake(deployment: Deployment, { end, endsAfter }: Stage, lastEnqueued: number): PartitionIntake {
  let ledgerWrites = 0;
  let signals = 0;
  const intake = deployment.intake({
    lastEnqueued,
    beforeLedgerWrite() {
      if (end !== 'crash before the ledger write' || ledgerWrites++ < endsAfter) return;
      void intake.stop();
      throw new Error('crashed');
    },
    async dispatch(to, batch) {
      await deployment.workflows.append(to, batch);
      if (end !== 'crash after signals' || signals++ < endsAfter * 4) return;
      void intake.stop();
      throw new Error('crashed');
    },
  });
  return intake;
}

async function run(deployment: Deployment, stages: readonly Stage[]): Promise<void> {
  let enqueued = 0;
  let survivor: PartitionIntake | undefined;
  for (const stage of stages) {
    if (stage.activates !== 'none') await deployment.activate(deployment.texts[stage.activates === 'first' ? 0 : 1]);
    const before = enqueued;
    enqueued = Math.min(EVENT_COUNT, enqueued + stage.enqueued);
    const from = Math.max(0, ((await deployment.ledger())?.sequenceNumber ?? -1) + 1 - stage.overlap);
    // Who goes on from the stage before is alone with what is enqueued now; who begins must reckon with others.
    const intake = survivor ?? mortalIntake(deployment, stage, enqueued - 1);
    const until = survivor === undefined ? enqueued : Math.max(before, enqueued);
    const zombie = deployment.intake({ lastEnqueued: enqueued - 1 });
    const running = [feed(intake, EVENTS.slice(from, until), stage.cuts)];
    // A bridge that was cut off holds no event that came after its successor was attached.
    if (stage.zombieCuts.length > 0) running.push(feed(zombie, EVENTS.slice(from, before), stage.zombieCuts));
    if (stage.end === 'stop') setTimeout(() => void intake.stop(), stage.endsAfter);
    await Promise.all(running);
    await zombie.stop();
    survivor = stage.end === 'lives on' ? intake : undefined;
    if (stage.end !== 'lives on') await intake.stop();
  }
}

/** The checks of the issue: nothing lost, nothing doubled, and the sums say so. */
async function expectEverythingOnce(deployment: Deployment): Promise<void> {
  const { found, received } = await receivedBy(deployment);
  const ledger = await deployment.ledger();
  const byEvent = Map.groupBy(found, ({ sequenceNumber }) => sequenceNumber);
  const possible = deployment.texts.map((text) => (EXPECTED[text] ??= EVENTS.map((event) => expectedOf(event, text))));
  for (const event of EVENTS) {
    const inOrder = (byEvent.get(event.sequenceNumber) ?? []).toSorted((a, b) => a.ordinal - b.ordinal);
    expect(inOrder.map(({ ordinal }) => ordinal)).toEqual([...inOrder.keys()]);
    const contents = inOrder.map(({ content }) => content);
    expect(possible.map((by) => by[event.sequenceNumber])).toContainEqual(contents);
  }
  expect(ledger?.counts).toEqual({
    events: EVENT_COUNT,
    measurements: found.length,
    missing: 0,
    unmatched: EVENTS.filter(({ sequenceNumber }) => sequenceNumber % 11 === 1).length,
    deadLettered: EVENTS.filter(({ sequenceNumber }) => sequenceNumber % 11 === 0).length,
  });
  expect(received).toBe(found.length);
  const counted = await deployment.counted();
  const ingested = (outcome: string): number => sumOf(counted, 'iomt_events_ingested_total', { outcome });
  expect({
    events: sumOf(counted, 'iomt_events_ingested_total'),
    measurements: sumOf(counted, 'iomt_measurements_handed_over_total'),
    missing: sumOf(counted, 'iomt_events_missing_total'),
    unmatched: ingested('unmatched'),
    deadLettered: ingested('dead_lettered'),
  }).toEqual(ledger?.counts);
  expect(sumOf(counted, 'iomt_handover_duration_seconds_count')).toBe(EVENT_COUNT);
  expect(sumOf(counted, 'iomt_dead_letters_total')).toBe(ledger?.counts.deadLettered);
  const letters = await createDeadLetters(deployment.store, DEPLOYMENT).list();
  const letterNumbers = letters.map(({ positions }) => positions[0]?.sequenceNumber);
  expect(letterNumbers.sort((a, b) => a! - b!)).toEqual(
    EVENTS.filter(({ sequenceNumber }) => sequenceNumber % 11 === 0).map(({ sequenceNumber }) => sequenceNumber),
  );
}

describe('a thousand events', () => {
  test('delivered twice, cut differently, with crashes, zombies and new templates: nothing is lost or doubled', async () => {
    let claimedCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(stageArb, { minLength: 2, maxLength: 6 }), cutsArb(2), async (stages, lastCuts) => {
        const root = await mkdtemp(join(folder, 'run-'));
        const deployment = await createDeployment(root);
        await deployment.activate(deployment.texts[0]);
        await run(deployment, stages);
        await feed(deployment.intake(), EVENTS, lastCuts);
        await feed(deployment.intake(), EVENTS, lastCuts.toReversed());
        await expectEverythingOnce(deployment);
        claimedCount += deployment.workflows.claimedCount;
        await rm(root, { recursive: true });
      }),
      { numRuns: 15, endOnFailure: true },
    );
    expect(claimedCount).toBeGreaterThan(0);
  });
});

describe('an intake', () => {
  const few = EVENTS.slice(0, 20);

  test('that is held up says by what, tries again, and doubles nothing', async () => {
    const deployment = await createDeployment(folder);
    await deployment.activate(deployment.texts[0]);
    let heldUp: unknown;
    let failureCount = 0;
    const intake: PartitionIntake = deployment.intake({
      async dispatch(to, batch) {
        heldUp ??= intake.health().heldUp;
        await deployment.workflows.append(to, batch);
        if (failureCount++ < 2) throw new Error('the answer was lost');
      },
    });
    await intake.take(few);
    expect(heldUp).toMatchObject({ by: 'Temporal', attemptCount: 1 });
    expect(intake.health()).toEqual({ sequenceNumber: 19, enqueuedAt: few[19]?.enqueuedAt });
    const { found, received } = await receivedBy(deployment);
    expect(found).toHaveLength(received);
    expect((await deployment.ledger())?.counts.measurements).toBe(received);
    const counted = await deployment.counted();
    expect(sumOf(counted, 'iomt_intake_retries_total', { partition: PARTITION, needs: 'temporal' })).toBe(2);
  });

  test('counts events that come again as received again, and as ingested once', async () => {
    const deployment = await createDeployment(folder);
    await deployment.activate(deployment.texts[0]);
    await deployment.intake().take(few);
    await deployment.intake().take(EVENTS.slice(5, 30));
    const counted = await deployment.counted();
    expect(sumOf(counted, 'iomt_events_received_total')).toBe(45);
    expect(sumOf(counted, 'iomt_receive_batch_events_count')).toBe(2);
    expect(sumOf(counted, 'iomt_events_ingested_total')).toBe(30);
  });

  test.each([
    { by: 'the workers', port: 'awaitWorkers' },
    { by: 'the history of a workflow', port: 'admit' },
  ] as const)('sends nothing while it is held back by $by', async ({ by, port }) => {
    const deployment = await createDeployment(folder);
    await deployment.activate(deployment.texts[0]);
    let isHeldBack = true;
    let heldUp: unknown;
    const intake: PartitionIntake = deployment.intake({
      backPressure: {
        [port]: () => {
          heldUp = intake.health().heldUp ?? heldUp;
          if (!isHeldBack) return Promise.resolve();
          isHeldBack = heldUp === undefined;
          expect(deployment.workflows.pending.size).toBe(0);
          return Promise.reject(new HeldBackError('as told'));
        },
      },
    });
    await intake.take(few);
    expect(heldUp).toMatchObject({ by });
    expect(deployment.workflows.pending.size).toBeGreaterThan(0);
    expect(await deployment.ledger()).toMatchObject({ sequenceNumber: 19 });
  });

  test('that is stopped waits for what is under way, and leaves its ledger where it was', async () => {
    const deployment = await createDeployment(folder);
    await deployment.activate(deployment.texts[0]);
    const release = Promise.withResolvers<undefined>();
    const begun = Promise.withResolvers<undefined>();
    let underWay = 0;
    const intake = deployment.intake({
      async dispatch() {
        underWay += 1;
        begun.resolve(undefined);
        await release.promise;
        underWay -= 1;
      },
    });
    const taken = intake.take(few).catch((error: unknown) => error);
    await begun.promise;
    const stopped = intake.stop();
    release.resolve(undefined);
    await stopped;
    expect(underWay).toBe(0);
    expect(await taken).toMatchObject({ name: 'AbortError' });
    expect((await deployment.ledger())?.sequenceNumber).toBe(-1);
    await expect(intake.take(few)).rejects.toThrow();
  });
});
