import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DeadLetter } from '../../../core/dead-letter.ts';
import { deadLetterId } from '../../../core/dead-letter.ts';
import { emptyLedger } from '../../../core/ledger.ts';
import { createClaims } from '../../../stores/claims.ts';
import { createDeadLetters } from '../../../stores/dead-letters.ts';
import {
  assertPrivacy,
  claimDeployment,
  DeploymentTakenError,
  DeviceNamesFixedError,
  joinDeployment,
  KeysMissingError,
} from '../../../stores/deployment-record.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { putJson, StoredObjectError } from '../../../stores/json-object.ts';
import { createLedgers } from '../../../stores/ledgers.ts';
import type { ObjectStore } from '../../../stores/object-store.ts';
import { StoreConflictError } from '../../../stores/object-store.ts';
import { createStreams } from '../../../stores/streams.ts';
import { createTemplateVersions, templateVersionOf } from '../../../stores/template-versions.ts';
import { createTotals } from '../../../stores/totals.ts';
import { rowsAt, STREAM } from '../../support/measurement-batches.ts';

const SOURCE = { stream: 'hub/0', partition: '0' };

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stores-'));
  store = createFolderStore(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function letterAt(sequenceNumber: number, more: Partial<DeadLetter> = {}): DeadLetter {
  const position = { stream: STREAM, partition: '0', sequenceNumber };
  return {
    id: deadLetterId('normalize', position),
    stage: 'normalize',
    code: 'BODY_NOT_JSON',
    message: 'Expected the body to be one JSON value in UTF-8',
    positions: [position],
    event: { body: 'AA==', properties: { a: [1] }, systemProperties: {}, enqueuedAt: '2024-01-01T00:00:00Z' },
    failedAt: '2024-01-01T00:00:01Z',
    attemptCount: 1,
    ...more,
  };
}

describe('dead letters', () => {
  test('come back whole; a later write of an id replaces the earlier', async () => {
    const letters = createDeadLetters(store, 'iomt');
    await letters.add([]);
    expect(await readdir(folder)).toEqual([]);
    await letters.add([letterAt(1), letterAt(2)]);
    await letters.add([letterAt(1, { attemptCount: 2 })]);
    expect(await createDeadLetters(store, 'iomt').list()).toEqual([letterAt(1, { attemptCount: 2 }), letterAt(2)]);
    expect(await createDeadLetters(store, 'other').list()).toEqual([]);
  });

  test('of many writers and days are all listed, the day that came later counting', async () => {
    const dayOf = (day: string) => createDeadLetters(store, 'iomt', () => new Date(`2024-01-${day}T12:00:00Z`));
    await dayOf('02').add([letterAt(1, { attemptCount: 2 })]);
    await Promise.all([dayOf('01').add([letterAt(1)]), dayOf('01').add([letterAt(2)])]);
    const listed = await createDeadLetters(store, 'iomt').list();
    expect(listed.map(({ positions, attemptCount }) => [positions[0]?.sequenceNumber, attemptCount]).sort()).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('a record that a crash has torn is left out', async () => {
    await createDeadLetters(store, 'iomt').add([letterAt(1)]);
    const [segment] = await Array.fromAsync(store.list(''));
    await store.append(segment!.key, bytes(JSON.stringify(letterAt(2)).slice(0, 40)));
    expect(await createDeadLetters(store, 'iomt').list()).toEqual([letterAt(1)]);
  });

  test('are not added to a record that a failed write has torn', async () => {
    let isFull = true;
    const filling: ObjectStore = {
      ...store,
      async append(key, value) {
        if (!isFull) {
          await store.append(key, value);
          return;
        }
        isFull = false;
        await store.append(key, value.subarray(0, 40));
        throw new Error('no space');
      },
    };
    const letters = createDeadLetters(filling, 'iomt');
    const results = await Promise.allSettled([letters.add([letterAt(1)]), letters.add([letterAt(2)])]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await letters.add([letterAt(1)]);
    expect(await letters.list()).toEqual(expect.arrayContaining([letterAt(1), letterAt(2)]));
  });
});

describe('ledgers', () => {
  const ledger = { ...emptyLedger(STREAM, '0'), sequenceNumber: 7, offset: '700' };

  test('are written conditionally only', async () => {
    const ledgers = createLedgers(store, 'iomt');
    expect(await ledgers.get(STREAM, '0')).toBeUndefined();
    const version = await ledgers.put(emptyLedger(STREAM, '0'), undefined);
    await expect(ledgers.put(ledger, undefined)).rejects.toThrow(StoreConflictError);
    const next = await ledgers.put(ledger, version);
    await expect(ledgers.put(ledger, version)).rejects.toThrow(StoreConflictError);
    expect(await ledgers.get(STREAM, '0')).toEqual({ value: ledger, version: next });
  });

  test('are listed by stream, or all', async () => {
    const ledgers = createLedgers(store, 'iomt');
    await ledgers.put(ledger, undefined);
    await ledgers.put({ ...ledger, partition: '1' }, undefined);
    await ledgers.put({ ...ledger, stream: 'another' }, undefined);
    expect(await ledgers.list(STREAM)).toEqual([ledger, { ...ledger, partition: '1' }]);
    expect(await ledgers.list()).toHaveLength(3);
    expect(await createLedgers(store, 'other').list()).toEqual([]);
  });
});

test('claims come back under a key that follows from their rows, until they are deleted', async () => {
  const claims = createClaims(store, 'iomt');
  const rows = rowsAt([[1, 0], [1, 1], [2, 0]]); // prettier-ignore
  const claim = await claims.put('iomt.device-1.heartRate', SOURCE, rows);
  expect(claim).toMatchObject({
    count: 3,
    first: [1, 0],
    last: [2, 0],
    from: rows.rows[0]?.[2],
    to: rows.rows[2]?.[2],
  });
  expect(await claims.put('iomt.device-1.heartRate', SOURCE, rows)).toEqual(claim);
  expect((await claims.put('iomt.device-2.heartRate', SOURCE, rows)).claim).not.toBe(claim.claim);
  const replayed = { ...SOURCE, stream: 'replay/letter/1' };
  expect((await claims.put('iomt.device-1.heartRate', replayed, rows)).claim).not.toBe(claim.claim);
  expect(await claims.get(claim.claim)).toEqual(rows);
  await claims.delete(claim.claim);
  expect(await claims.get(claim.claim)).toBeUndefined();
});

test('totals are absolute: written again they are the same', async () => {
  const totals = createTotals(store, 'iomt');
  const counts = {
    received: 3,
    duplicates: 1,
    buffered: 0,
    delivering: 0,
    waiting: 0,
    outcomes: { written: 2, superseded: 0, withoutValue: 0, deadLettered: 1, collidedSamples: 1 },
  };
  const marks = [
    {
      stream: STREAM,
      partition: '0',
      from: [1, 0] as const,
      through: [9, 2] as const,
      usedAt: 1_700_000_000_000,
      receivedCount: 3,
      recent: [[9, 3] as const],
    },
  ];
  const of = { workflowId: 'iomt.device~201.heartRate', firstRunId: 'run-1', counts, marks };
  for (const total of [of, of, { ...of, firstRunId: 'run-2' }]) await totals.put(total);
  expect(await Array.fromAsync(totals.list())).toEqual([of, { ...of, firstRunId: 'run-2' }]);
});

test('template versions are named by their content; the pointer moves conditionally', async () => {
  const versions = createTemplateVersions(store, 'iomt');
  const version = await versions.publish('deviceContent', '{ "ü": 1 }');
  expect(version).toBe(templateVersionOf('{ "ü": 1 }'));
  expect(await versions.publish('deviceContent', '{ "ü": 1 }')).toBe(version);
  expect(await versions.read('deviceContent', version)).toBe('{ "ü": 1 }');
  expect(await versions.read('fhirMapping', version)).toBeUndefined();
  expect(await versions.active()).toBeUndefined();
  const hashes = { deviceContent: version, fhirMapping: version };
  const active = { ...hashes, activatedAt: '2024-01-01T00:00:00Z', considered: hashes };
  await versions.activate(active, undefined);
  await expect(versions.activate(active, undefined)).rejects.toThrow(StoreConflictError);
  expect((await versions.active())?.value).toEqual(active);
});

test('the stream of a hub is recorded conditionally', async () => {
  const streams = createStreams(store, 'iomt');
  const stream = { namespace: 'namespace', hub: 'hub', createdOn: '2024-01-01T00:00:00.000Z', epoch: 0 };
  const version = await streams.put(stream, undefined);
  await expect(streams.put({ ...stream, epoch: 1 }, undefined)).rejects.toThrow(StoreConflictError);
  await streams.put({ ...stream, epoch: 1 }, version);
  expect((await streams.get('namespace', 'hub'))?.value.epoch).toBe(1);
  expect(await streams.get('namespace', 'another')).toBeUndefined();
});

describe('a deployment', () => {
  const plain = { deviceNames: 'plain', isEncrypted: false };
  const record = { namespace: 'namespace', hub: 'hub', consumerGroup: '$Default', ...plain };

  test('names its devices as at its first start for good', async () => {
    await assertPrivacy(store, 'iomt', { ...plain, deviceNames: 'hashed-1' }); // before the first start every name is right
    await claimDeployment(store, 'iomt', { ...record, deviceNames: 'hashed-1' });
    await claimDeployment(store, 'iomt', { ...record, deviceNames: 'hashed-1' });
    await assertPrivacy(store, 'iomt', { ...plain, deviceNames: 'hashed-1' });
    for (const [deviceNames, tells] of [
      ['plain', 'as they are: set IOMT_ID_HASH_KEY as it was'],
      ['hashed-2', 'another IOMT_ID_HASH_KEY'],
    ] as const) {
      const claimed = claimDeployment(store, 'iomt', { ...record, deviceNames });
      await expect(claimed).rejects.toThrow(DeviceNamesFixedError);
      await expect(assertPrivacy(store, 'iomt', { ...plain, deviceNames })).rejects.toThrow(tells);
    }
  });

  test('that was started before names could be hashed has plain ones', async () => {
    const { deviceNames: _, ...old } = record;
    await putJson(store, 'iomt/deployment.json', old);
    await claimDeployment(store, 'iomt', record);
    await expect(claimDeployment(store, 'iomt', { ...record, deviceNames: 'hashed-1' })).rejects.toThrow(
      'was started with device ids as they are, which is fixed since, now with hashed device ids: set IOMT_DEVICE_IDS=plain',
    );
  });

  test.each([
    { by: 'bridge', start: () => claimDeployment(store, 'iomt', { ...record, isEncrypted: true }) },
    { by: 'worker', start: () => joinDeployment(store, 'iomt', true) },
  ])('that a $by was started with keys for is refused without them, by all', async ({ start }) => {
    await joinDeployment(store, 'iomt', true); // a worker may come before the first bridge
    await claimDeployment(store, 'iomt', record);
    await joinDeployment(store, 'iomt', false);
    await Promise.all([start(), start()]);
    for (const started of [
      claimDeployment(store, 'iomt', record),
      joinDeployment(store, 'iomt', false),
      assertPrivacy(store, 'iomt', plain),
    ]) {
      const error = await started.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(KeysMissingError);
      expect(String(error)).toContain('Set IOMT_ENCRYPTION_KEYS as it was');
      expect(String(error)).toContain('set isEncrypted to false in iomt/deployment.json');
    }
    await start();
    await assertPrivacy(store, 'iomt', { ...plain, isEncrypted: true });
    // The way out that the message names.
    await putJson(store, 'iomt/deployment.json', record);
    await claimDeployment(store, 'iomt', record);
  });

  test('stands for the same hub and consumer group for good', async () => {
    await claimDeployment(store, 'iomt', record);
    await claimDeployment(store, 'iomt', record);
    await claimDeployment(store, 'trial', { ...record, consumerGroup: 'trial' });
  });

  test.each(['namespace', 'hub', 'consumerGroup'] as const)('is refused with another %s', async (member) => {
    await claimDeployment(store, 'iomt', record);
    const error = await claimDeployment(store, 'iomt', { ...record, [member]: 'another' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DeploymentTakenError);
    expect(String(error)).toContain(`was started with ${member} ${record[member]}, now it is another`);
  });
});

describe('what is stored but damaged', () => {
  const SECRET = 'patient-4711';
  const places = [
    { name: 'a ledger', key: 'ledgers', read: () => createLedgers(store, 'iomt').get(STREAM, '0') },
    { name: 'ledgers', key: 'ledgers', read: () => createLedgers(store, 'iomt').list() },
    { name: 'the active pair', key: 'templates', read: () => createTemplateVersions(store, 'iomt').active() },
    { name: 'a stream', key: 'streams', read: () => createStreams(store, 'iomt').get('namespace', 'hub') },
    { name: 'totals', key: 'totals', read: () => Array.fromAsync(createTotals(store, 'iomt').list()) },
    { name: 'a claim', key: 'claims', read: async () => createClaims(store, 'iomt').get(await onlyKey()) },
  ];
  const onlyKey = async (): Promise<string> => (await Array.fromAsync(store.list('')))[0]!.key;
  const writeOne = async (kind: string): Promise<void> => {
    const hashes = { deviceContent: 'a', fhirMapping: 'b' };
    const stream = { namespace: 'namespace', hub: 'hub', createdOn: '', epoch: 0 };
    const zero = { written: 0, superseded: 0, withoutValue: 0, deadLettered: 0, collidedSamples: 0 };
    const counts = { received: 0, duplicates: 0, buffered: 0, delivering: 0, waiting: 0, outcomes: zero };
    const write: Record<string, () => Promise<unknown>> = {
      ledgers: () => createLedgers(store, 'iomt').put(emptyLedger(STREAM, '0'), undefined),
      streams: () => createStreams(store, 'iomt').put(stream, undefined),
      totals: () => createTotals(store, 'iomt').put({ workflowId: 'w', firstRunId: 'r', counts, marks: [] }),
      claims: () => createClaims(store, 'iomt').put('w', SOURCE, rowsAt([[1, 0]])),
      templates: () =>
        createTemplateVersions(store, 'iomt').activate({ ...hashes, considered: hashes, activatedAt: '' }, undefined),
    };
    await write[kind]?.();
  };

  test.each(
    places.flatMap((place) =>
      [`{"stream": "${SECRET}", "counts": "${SECRET}", "ids": ["${SECRET}"]}`, `{"id": "${SECRET}`, `"${SECRET}"`].map(
        (damage) => ({ ...place, damage }),
      ),
    ),
  )('$name: is told by key and member, not by value ($damage)', async ({ key, read, damage }) => {
    await writeOne(key);
    expect(await read()).toBeDefined();
    await store.put(await onlyKey(), bytes(damage));
    const error = await Promise.resolve(read()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoredObjectError);
    expect(String(error)).not.toContain(SECRET);
    expect(String(error)).toContain(await onlyKey());
  });
});
