import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import rhea from 'rhea';
import { EventLog, type EventLogOptions } from '../../../sandbox/event-hubs/event-log.ts';
import { parseEvent } from '../../../sandbox/event-hubs/event.ts';
import { parseSelector, startOf } from '../../../sandbox/event-hubs/selector.ts';

const DAY_MS = 86_400_000;
let folder: string;
let lines: string[];
let opened: EventLog[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-log-'));
  [lines, opened] = [[], []];
});

afterEach(async () => {
  for (const log of opened) await log.close().catch(() => undefined); // some tests have closed theirs
  await rm(folder, { recursive: true });
});

async function open(options: Partial<EventLogOptions> = {}): Promise<EventLog> {
  const log = await EventLog.open(folder, {
    partitionCount: 2,
    retentionBytes: 2 ** 20,
    retentionMs: 7 * DAY_MS,
    sync: false,
    log: (line) => lines.push(line),
    ...options,
  });
  opened.push(log);
  return log;
}

function events(...bodies: (string | Buffer)[]) {
  return bodies.map((body) => parseEvent(rhea.message.encode({ body })));
}

function bodies(log: EventLog, partition = 0): unknown[] {
  const { firstSequenceNumber, state } = log.partitions[partition]!;
  const count = state.nextSequenceNumber - firstSequenceNumber;
  return Array.from({ length: count }, (_, index) => {
    const record = log.partitions[partition]!.read(firstSequenceNumber + index);
    return record && (rhea.message.decode(record.data)['body'] as unknown);
  });
}

async function segments(): Promise<string[]> {
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

async function folderBytes(): Promise<number> {
  const sizes = await Promise.all((await segments()).map((path) => stat(path)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

test('events are numbered by partition, in the order they were appended', async () => {
  const log = await open();
  await Promise.all([log.append(0, events('a', 'b')), log.append(1, events('c')), log.append(0, events('d'))]);
  expect(bodies(log, 0)).toEqual(['a', 'b', 'd']);
  expect(bodies(log, 1)).toEqual(['c']);
  expect(log.partitions[0]!.state.last).toMatchObject({ sequenceNumber: 2 });
});

test('an event is readable and announced once it is written, not before', async () => {
  const log = await open();
  let announced = 0;
  log.partitions[0]!.onAppended(() => announced++);
  const appended = log.append(0, events('a'));
  expect([bodies(log), announced]).toEqual([[], 0]);
  await appended;
  expect([bodies(log), announced]).toEqual([['a'], 1]);
});

describe('after a restart', () => {
  test('events, numbers and offsets go on where they were', async () => {
    const before = await open();
    await before.append(0, events('a', 'b'));
    const { state } = before.partitions[0]!;
    await before.close();
    const log = await open();
    expect(log.partitions[0]!.state).toEqual(state);
    await log.append(0, events('c'));
    expect(bodies(log)).toEqual(['a', 'b', 'c']);
    expect(await segments()).toHaveLength(1);
  });

  test('a log that was not closed has all that was acknowledged', async () => {
    await (await open()).append(0, events('a', 'b'));
    expect(bodies(await open())).toEqual(['a', 'b']);
  });

  test.each([1, 10, 35, 40])(
    'the last %i bytes of a torn write are cut off, and only that write is missing',
    async (cut) => {
      const before = await open();
      await before.append(0, events('a'));
      await before.append(0, events('b'));
      await before.close();
      const [path] = await segments();
      await truncate(path!, (await stat(path!)).size - cut);
      const log = await open();
      expect(bodies(log)).toEqual(['a']);
      expect(lines).toEqual([expect.stringContaining('cut off')]);
      await log.append(0, events('again'));
      await log.close();
      expect(bodies(await open())).toEqual(['a', 'again']);
    },
  );

  test('zeros behind the last write are cut off', async () => {
    const before = await open();
    await before.append(0, events('a'));
    await before.close();
    const [path] = await segments();
    await appendFile(path!, Buffer.alloc(100));
    expect(bodies(await open())).toEqual(['a']);
  });

  test('a segment that had hardly begun is removed', async () => {
    const before = await open();
    await before.append(0, events('a'));
    await before.close();
    await writeFile(join(folder, '000000000002.log'), Buffer.from([1, 2, 3]));
    const log = await open();
    expect(bodies(log)).toEqual(['a']);
    expect(await segments()).toHaveLength(1);
  });

  test.each([
    ['an event', 0.5],
    ['the beginning', 0.001],
  ])('damage to %s before intact ones is an error that names the place', async (_, share) => {
    const before = await open();
    await before.append(0, events(...Array.from({ length: 50 }, String)));
    await before.close();
    const [path] = await segments();
    const bytes = await readFile(path!);
    const at = Math.floor(bytes.length * share);
    bytes[at] = bytes[at]! ^ 0xff;
    await writeFile(path!, bytes);
    await expect(open()).rejects.toThrow(/000000000001\.log is damaged at byte \d+/);
  });

  test('a missing segment between others is an error', async () => {
    const before = await open({ retentionBytes: 64 * 1024 });
    for (let index = 0; index < 30; index++) await before.append(0, events(Buffer.alloc(1500)));
    await before.close();
    const paths = await segments();
    await rm(paths[1]!);
    await expect(open()).rejects.toThrow('damaged');
  });
});

describe('retention', () => {
  test('by size forgets the oldest segments, on disk and for readers, and never a number', async () => {
    const log = await open({ retentionBytes: 256 * 1024 });
    for (let index = 0; index < 400; index++) await log.append(index % 2, events(Buffer.alloc(2000)));
    expect(await folderBytes()).toBeLessThanOrEqual(260 * 1024);
    expect(await folderBytes()).toBeGreaterThan(200 * 1024);
    const [partition] = log.partitions;
    expect(partition!.state.nextSequenceNumber).toBe(200);
    expect(partition!.firstSequenceNumber).toBeGreaterThan(100);
    expect(partition!.read(0)).toBeUndefined();
    expect(startOf({ by: 'start' }, partition!)).toBe(partition!.firstSequenceNumber);
  });

  test('is not held up by a partition that once had a single event', async () => {
    const log = await open({ retentionBytes: 128 * 1024 });
    await log.append(1, events('alone'));
    for (let index = 0; index < 200; index++) await log.append(0, events(Buffer.alloc(2000)));
    expect(await folderBytes()).toBeLessThanOrEqual(132 * 1024);
    expect(log.partitions[1]).toMatchObject({
      isEmpty: true,
      firstSequenceNumber: 1,
      state: { nextSequenceNumber: 1 },
    });
    await log.close();
    const { state } = (await open({ retentionBytes: 128 * 1024 })).partitions[1]!;
    expect(state).toMatchObject({ nextSequenceNumber: 1, last: { sequenceNumber: 0 } });
  });

  test('by age empties a log nothing is sent to, and its numbers go on after a restart', async () => {
    const log = await open();
    await log.append(0, events('a', 'b'));
    await log.retain(Date.now() + 6 * DAY_MS);
    expect(bodies(log)).toEqual(['a', 'b']);
    await log.retain(Date.now() + 8 * DAY_MS);
    expect(log.partitions[0]!.isEmpty).toBe(true);
    expect(await segments()).toHaveLength(1);
    await log.close();
    const again = await open();
    await again.append(0, events('c'));
    expect(again.partitions[0]!.state.last).toMatchObject({ sequenceNumber: 2 });
  });
});

test('a closed log takes nothing more', async () => {
  const log = await open();
  await log.close();
  await expect(log.append(0, events('a'))).rejects.toThrow('closed');
});

describe('a receiver starts', () => {
  test.each([
    ['at the first event without a filter', '', 0],
    ['at the first event', "amqp.annotation.x-opt-offset > '-1'", 0],
    ['at the next event to come', "amqp.annotation.x-opt-offset > '@latest'", 3],
    ['behind a number', "amqp.annotation.x-opt-sequence-number > '1'", 2],
    ['at a number', "amqp.annotation.x-opt-sequence-number >= '1'", 1],
    ['behind an offset', "amqp.annotation.x-opt-offset > '0'", 1],
    ['at an offset', "amqp.annotation.x-opt-offset >= '0'", 0],
    ['behind a time', "amqp.annotation.x-opt-enqueued-time > '1000'", 0],
    ['behind a time that has not come', `amqp.annotation.x-opt-enqueued-time > '${Date.now() + DAY_MS}'`, 3],
  ])('%s', async (_, selector, expected) => {
    const log = await open();
    await log.append(0, events('a', 'b', 'c'));
    expect(startOf(parseSelector(selector), log.partitions[0]!)).toBe(expected);
  });

  test.each([
    ['an offset', "amqp.annotation.x-opt-offset > '999999'", /The supplied offset '999999' is invalid/],
    ['a number', "amqp.annotation.x-opt-sequence-number > '3'", /The supplied sequence number '3' is invalid/],
  ])('not behind %s that was never reached', async (_, selector, expected) => {
    const log = await open();
    await log.append(0, events('a', 'b', 'c'));
    expect(() => startOf(parseSelector(selector), log.partitions[0]!)).toThrow(expected);
  });

  test.each(['x', "amqp.annotation.x-opt-offset > 'x'", "amqp.annotation.x-opt-partition-key > '1'"])(
    'not by the filter %s',
    (selector) => {
      expect(() => parseSelector(selector)).toThrow('not one that event hubs know');
    },
  );
});
