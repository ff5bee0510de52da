import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyLedger } from '../../../core/ledger.ts';
import { streamIdOf } from '../../../core/position.ts';
import { createCheckpointStore } from '../../../ingest-bridge/checkpoint-store.ts';
import type { HubProperties } from '../../../ingest-bridge/current-stream.ts';
import { currentStream, namespaceOf } from '../../../ingest-bridge/current-stream.ts';
import { createLogger } from '../../../service/log.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { createLedgers } from '../../../stores/ledgers.ts';
import type { ObjectStore } from '../../../stores/object-store.ts';
import { createStreams } from '../../../stores/streams.ts';

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'current-stream-'));
  store = createFolderStore(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const hubOf = (createdOn: string, lastEnqueuedSequenceNumber: number, fullyQualifiedNamespace = 'Name.example:5672') =>
  ({
    eventHubName: 'hub',
    fullyQualifiedNamespace,
    getEventHubProperties: () => Promise.resolve({ createdOn: new Date(createdOn) }),
    getPartitionProperties: () => Promise.resolve({ lastEnqueuedSequenceNumber }),
  }) as unknown as HubProperties;

describe('the life of a hub', () => {
  const ask = (hub: HubProperties) =>
    currentStream(hub, createStreams(store, 'iomt'), createLedgers(store, 'iomt'), createLogger('test', 'silent'));

  test('goes on over restarts, on whatever port, and ends when the hub is created anew or runs behind its ledger', async () => {
    const first = await ask(hubOf('2024-01-01', 100));
    expect(first).toEqual({ namespace: 'name.example', hub: 'hub', createdOn: '2024-01-01T00:00:00.000Z', epoch: 0 });
    await createLedgers(store, 'iomt').put({ ...emptyLedger(streamIdOf(first), '0'), sequenceNumber: 50 }, undefined);
    expect(await ask(hubOf('2024-01-01', 50, 'NAME.example:5673'))).toEqual(first);
    const second = await ask(hubOf('2024-01-01', 49));
    expect(second).toEqual({ ...first, epoch: 1 });
    // The ledgers of the life before are set aside: they say nothing of this one.
    expect(await ask(hubOf('2024-01-01', -1))).toEqual(second);
    const third = await ask(hubOf('2024-02-01', 1000));
    expect(third).toEqual({ ...first, createdOn: '2024-02-01T00:00:00.000Z', epoch: 2 });
    expect(new Set([first, second, third].map(streamIdOf)).size).toBe(3);
  });

  test.each([
    ['Name.Servicebus.Windows.net', 'name.servicebus.windows.net'],
    ['localhost:5672', 'localhost'],
  ])('%s is the namespace %s', (fullyQualifiedNamespace, namespace) => {
    expect(namespaceOf({ fullyQualifiedNamespace })).toBe(namespace);
  });
});

describe('the checkpoint store', () => {
  const ownershipOf = (partitionId: string, ownerId: string) => ({
    fullyQualifiedNamespace: 'namespace',
    eventHubName: 'hub',
    consumerGroup: '$Default',
    partitionId,
    ownerId,
  });

  test('gives a partition to one of those who claim it at once', async () => {
    const bridges = ['a', 'b', 'c'].map((owner) => {
      return { owner, checkpoints: createCheckpointStore(store, createLedgers(store, 'iomt'), 'iomt', 'stream') };
    });
    const claims = bridges.map(({ owner, checkpoints }) =>
      checkpoints.claimOwnership([ownershipOf('0', owner), ownershipOf('1', owner)]),
    );
    const claimed = (await Promise.all(claims)).flat();
    expect(claimed.map(({ partitionId }) => partitionId).sort()).toEqual(['0', '1']);
    const { checkpoints } = bridges[0]!;
    const owned = await checkpoints.listOwnership('namespace', 'hub', '$Default');
    expect(new Set(owned.map(({ ownerId, etag }) => `${ownerId} ${etag}`))).toEqual(
      new Set(claimed.map(({ ownerId, etag }) => `${ownerId} ${etag}`)),
    );
    // Renewed with the version one has, taken over with it, and lost without it.
    const [mine] = owned;
    const [renewed] = await checkpoints.claimOwnership([mine!]);
    expect(renewed?.etag).not.toBe(mine?.etag);
    expect(await checkpoints.claimOwnership([{ ...mine!, ownerId: 'late' }])).toEqual([]);
    expect(await checkpoints.claimOwnership([{ ...renewed!, ownerId: '' }])).toHaveLength(1);
  });

  test('answers checkpoints from the ledgers of its stream, and writes none', async () => {
    const ledgers = createLedgers(store, 'iomt');
    await ledgers.put({ ...emptyLedger('stream', '0'), sequenceNumber: 7, offset: '700' }, undefined);
    await ledgers.put(emptyLedger('stream', '1'), undefined);
    await ledgers.put({ ...emptyLedger('before', '0'), sequenceNumber: 9, offset: '900' }, undefined);
    const checkpoints = createCheckpointStore(store, ledgers, 'iomt', 'stream');
    const of = { fullyQualifiedNamespace: 'namespace', eventHubName: 'hub', consumerGroup: '$Default' };
    const found = { ...of, partitionId: '0', sequenceNumber: 7, offset: '700' };
    expect(await checkpoints.listCheckpoints('namespace', 'hub', '$Default')).toEqual([found]);
    await expect(checkpoints.updateCheckpoint(found)).rejects.toThrow(RangeError);
  });
});
