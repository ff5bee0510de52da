import type { PartitionProperties } from '@azure/event-hubs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { PartitionHealth } from '../../../ingest-bridge/partition-intake.ts';
import type { PartitionWatchDeps } from '../../../ingest-bridge/partition-watch.ts';
import { PartitionWatch } from '../../../ingest-bridge/partition-watch.ts';
import { createLogger } from '../../../service/log.ts';

const EXPIRY_MS = 60_000;
const INTERVAL_MS = 15_000;
const START = Date.UTC(2026, 0, 5);

interface Hub {
  readonly begin: number;
  readonly last: number;
  readonly enqueuedAt: number;
}

/** A hub, its ownership records and ledgers, as the test sets them; time is what the test says it is. */
class World {
  now = START;
  hub: Record<string, Hub> = {};
  owners: { partitionId: string; ownerId: string; lastModifiedTimeInMs: number }[] = [];
  ours: Record<string, PartitionHealth> = {};
  ledgers: Record<string, { sequenceNumber: number; enqueuedAt: string }> = {};
  readonly deps: PartitionWatchDeps = {
    hub: {
      getEventHubProperties: () => Promise.resolve({ partitionIds: Object.keys(this.hub) }),
      getPartitionProperties: (partition) => Promise.resolve(this.#properties(partition)),
    },
    ownerships: () => Promise.resolve(this.owners),
    ownershipExpiryMs: EXPIRY_MS,
    owned: () => this.ours,
    ledger: (partition) => Promise.resolve(this.ledgers[partition]),
    intervalMs: INTERVAL_MS,
    log: createLogger('test', 'silent'),
    now: () => this.now,
  };
  readonly watch = new PartitionWatch(this.deps);

  async look(): Promise<void> {
    await this.watch.look(new AbortController().signal);
  }

  #properties(partition: string): PartitionProperties {
    const { begin, last, enqueuedAt } = this.hub[partition]!;
    return {
      partitionId: partition,
      eventHubName: 'devicedata',
      beginningSequenceNumber: begin,
      lastEnqueuedSequenceNumber: last,
      lastEnqueuedOffset: '',
      lastEnqueuedOnUtc: new Date(enqueuedAt),
      isEmpty: last < begin,
    };
  }
}

describe('the watch over the partitions', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  test.each([
    { name: 'a partition that was read to its end has no lag', ledger: 9, begin: 0, lag: { events: 0, ms: 0 } },
    { name: 'events behind the ledger are lag', ledger: 4, begin: 0, lag: { events: 5, ms: 3000 } },
    { name: 'nothing was read yet', ledger: -1, begin: 0, lag: { events: 10, ms: 3000 } },
    { name: 'what the hub has dropped unread is no lag any more', ledger: 2, begin: 7, lag: { events: 3, ms: 3000 } },
    { name: 'a ledger that has overtaken the last look has no lag', ledger: 12, begin: 0, lag: { events: 0, ms: 0 } },
  ])('$name', async ({ ledger, begin, lag }) => {
    world.hub = { '0': { begin, last: 9, enqueuedAt: START - 3000 } };
    world.ours = { '0': { sequenceNumber: ledger, enqueuedAt: '2026-01-04T00:00:00.000Z' } };
    await world.look();
    expect(world.watch.views()).toEqual([{ partition: '0', lag, handedOverAt: '2026-01-04T00:00:00.000Z' }]);
  });

  test('an intake that has had no event yet is told by its ledger in the store', async () => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    world.ours = { '0': { sequenceNumber: -1 } };
    world.ledgers = { '0': { sequenceNumber: 9, enqueuedAt: '2026-01-04T00:00:00.000Z' } };
    await world.look();
    expect(world.watch.views()).toEqual([
      { partition: '0', lag: { events: 0, ms: 0 }, handedOverAt: '2026-01-04T00:00:00.000Z' },
    ]);
  });

  test('a batch under way tells the age of the oldest event exactly', async () => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    const oldestUnderWay = new Date(START - 7000).toISOString();
    world.ours = { '0': { sequenceNumber: 3, enqueuedAt: oldestUnderWay, oldestUnderWay } };
    await world.look();
    expect(world.watch.views()[0]?.lag).toEqual({ events: 6, ms: 7000 });
  });

  test('a partition of another bridge is left to that bridge', async () => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    world.owners = [{ partitionId: '0', ownerId: 'another', lastModifiedTimeInMs: START - EXPIRY_MS + 1 }];
    await world.look();
    expect(world.watch.views()).toEqual([{ partition: '0' }]);
  });

  test.each([
    { name: 'was given up', owners: [{ partitionId: '0', ownerId: '', lastModifiedTimeInMs: START }] },
    { name: 'was left', owners: [{ partitionId: '0', ownerId: 'gone', lastModifiedTimeInMs: START - EXPIRY_MS }] },
    { name: 'was never read', owners: [] },
  ])('a partition that $name is unread since it was first seen so, and its lag is told', async ({ owners }) => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    world.owners = owners;
    await world.look();
    world.now += 20_000;
    await world.look();
    expect(world.watch.views()).toEqual([{ partition: '0', unreadSince: START, lag: { events: 10, ms: 20_000 } }]);
    world.owners = [{ partitionId: '0', ownerId: 'another', lastModifiedTimeInMs: world.now }];
    await world.look();
    expect(world.watch.views()).toEqual([{ partition: '0' }]);
  });

  test('a partition that has come to this bridge since the last look is not unread', async () => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    await world.look();
    world.ours = { '0': { sequenceNumber: 9, enqueuedAt: '2026-01-04T00:00:00.000Z' } };
    expect(world.watch.views()).toEqual([
      { partition: '0', lag: { events: 0, ms: 0 }, handedOverAt: '2026-01-04T00:00:00.000Z' },
    ]);
  });

  test('a look that is too old tells nothing', async () => {
    world.hub = { '0': { begin: 0, last: 9, enqueuedAt: START } };
    await world.look();
    expect(world.watch.blindSince()).toBeUndefined();
    world.now += 5 * INTERVAL_MS;
    expect(world.watch.views()).toEqual([]);
    expect(world.watch.blindSince()).toBe(START);
  });

  test('without a first look, it has been blind since its beginning', () => {
    expect(world.watch.blindSince()).toBeUndefined();
    world.now += 5 * INTERVAL_MS;
    expect(world.watch.blindSince()).toBe(START);
  });

  test('a hub that does not answer is given up and asked again', async () => {
    const stop = new AbortController();
    let askedCount = 0;
    const watch = new PartitionWatch({
      ...world.deps,
      intervalMs: 5,
      hub: {
        ...world.deps.hub,
        getEventHubProperties: ({ abortSignal }) => {
          if (++askedCount === 3) stop.abort();
          return new Promise((_, reject) => {
            const tell = () => {
              reject(new Error('aborted'));
            };
            if (abortSignal.aborted) tell();
            abortSignal.addEventListener('abort', tell);
          });
        },
      },
    });
    await watch.run(stop.signal);
    expect(askedCount).toBe(3);
  });
});
