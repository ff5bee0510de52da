import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  EventHubBufferedProducerClient,
  EventHubConsumerClient,
  EventHubProducerClient,
  latestEventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  startEventHubsServer,
  type EventHubsServer,
  type EventHubsServerOptions,
} from '../../sandbox/event-hubs/event-hubs-server.ts';
import { partitionOfKey } from '../../service/partition-key-hash.ts';
import { readEvents, retryOptions, type ReadOptions } from '../support/event-hubs-reader.ts';
import { receiveRaw } from '../support/raw-event-receiver.ts';

const hub = 'devicedata';
let dataDir: string;
let server: EventHubsServer;
let producer: EventHubProducerClient;
let cleanUp: (() => Promise<unknown>)[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'event-hubs-'));
  cleanUp = [() => rm(dataDir, { recursive: true })];
  server = await start();
  producer = producerFor(server.connectionString);
});

afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
});

function options(extra: Partial<EventHubsServerOptions> = {}): EventHubsServerOptions {
  const hubs = [{ name: hub, partitionCount: 4, consumerGroups: ['bridge'] }];
  return { dataDir, hubs, policies: { RootManageSharedAccessKey: 'a secret' }, ...extra };
}

async function start(extra: Partial<EventHubsServerOptions> = {}): Promise<EventHubsServer> {
  const started = await startEventHubsServer(options(extra));
  cleanUp.push(() => started.stop());
  return started;
}

async function restart(): Promise<void> {
  const { port } = server;
  await server.stop();
  server = await start({ port });
}

function producerFor(connectionString: string, retries: object = {}): EventHubProducerClient {
  const client = new EventHubProducerClient(connectionString, hub, { retryOptions: { ...retryOptions, ...retries } });
  cleanUp.push(() => client.close());
  return client;
}

function read(extra: Partial<ReadOptions> & Pick<ReadOptions, 'count'>) {
  return readEvents({ connectionString: server.connectionString, hub, ...extra });
}

async function send(partitionId: string, ...bodies: unknown[]): Promise<void> {
  await producer.sendBatch(
    bodies.map((body) => ({ body })),
    { partitionId },
  );
}

function bodiesOf(events: readonly ReceivedEventData[]): unknown[] {
  return events.map(({ body }) => body as unknown);
}

describe('events come out as they went in', () => {
  test('with their properties, numbered by their partition', async () => {
    const sent = {
      body: { heartRate: 61.5 },
      contentType: 'application/json',
      messageId: 'm-1',
      correlationId: 'c-1',
      properties: { text: 't', count: 5, ratio: 1.5, flag: true },
    };
    await producer.sendBatch([sent, sent], { partitionId: '2' });
    const [first, second] = await read({ count: 2, consumerGroup: 'bridge' });
    expect(first).toMatchObject({ ...sent, partitionId: '2', sequenceNumber: 0, offset: '0' });
    expect(second!.sequenceNumber).toBe(1);
    expect(Math.abs(Date.now() - first!.enqueuedTimeUtc.getTime())).toBeLessThan(10_000);
  });

  test('with the annotations an IoT Hub would set, and the body in the very bytes', async () => {
    const messageAnnotations = {
      'iothub-connection-device-id': 'device-1',
      'iothub-enqueuedtime': new Date(1_700_000_000_000),
      'iothub-message-source': 'Telemetry',
    };
    const body = Buffer.from('{ "value": 1.50 }');
    const batch = await producer.createBatch({ partitionId: '0' });
    batch.tryAdd({ body, bodyType: 'data', properties: { contentEncoding: 'utf-8' }, messageAnnotations });
    await producer.sendBatch(batch);
    const [event] = await read({ count: 1, subscribe: { skipParsingBodyAsJson: true } });
    expect(event!.body).toEqual(body);
    expect(event!.getRawAmqpMessage().messageAnnotations).toMatchObject(messageAnnotations);
  });

  test('by partition key on the partition of the key, whoever hashes it', async () => {
    const buffered = new EventHubBufferedProducerClient(server.connectionString, hub, {
      retryOptions,
      maxWaitTimeInMs: 50,
      onSendEventsErrorHandler: ({ error }) => {
        throw error;
      },
    });
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    for (const key of keys) {
      await producer.sendBatch([{ body: key }], { partitionKey: key });
      await buffered.enqueueEvent({ body: key }, { partitionKey: key });
    }
    await buffered.close({ flush: true });
    const events = await read({ count: 40 });
    expect(new Set(events.map(({ partitionId }) => partitionId)).size).toBe(4);
    for (const { body, partitionId } of events) expect(partitionId).toBe(String(partitionOfKey(String(body), 4)));
    expect(events.filter(({ partitionKey, body }) => partitionKey === body)).toHaveLength(20);
  });

  test('spread over the partitions when nothing says where', async () => {
    for (let index = 0; index < 8; index++) await producer.sendBatch([{ body: index }]);
    const events = await read({ count: 8 });
    expect(events.map(({ partitionId }) => partitionId).sort()).toEqual(['0', '0', '1', '1', '2', '2', '3', '3']);
  });
});

describe('a receiver starts', () => {
  test('at the position it asks for', async () => {
    await send('0', 'a', 'b', 'c');
    const all = await read({ count: 3, partitionId: '0' });
    const [, second] = all;
    const rest = { partitionId: '0', count: 1 };
    const start = async (startPosition: object) => (await read({ ...rest, startPosition }))[0]!.body as unknown;
    expect(await start({ offset: second!.offset })).toBe('c');
    expect(await start({ offset: second!.offset, isInclusive: true })).toBe('b');
    expect(await start({ sequenceNumber: 0 })).toBe('b');
    expect(await start({ sequenceNumber: 0, isInclusive: true })).toBe('a');
    expect(await start({ enqueuedOn: all[0]!.enqueuedTimeUtc.getTime() - 1 })).toBe('a');
  });

  test('with what is new, if it asks for the latest, and is told at once', async () => {
    await send('0', 'old');
    const reading = read({ count: 1, partitionId: '0', startPosition: latestEventPosition });
    await delay(500);
    await send('0', 'new');
    expect(bodiesOf(await reading)).toEqual(['new']);
  });

  test('not behind the end: that is the checkpoint of another stream', async () => {
    const reading = read({ count: 1, partitionId: '0', startPosition: { offset: '999999' } });
    await expect(reading).rejects.toMatchObject({ code: 'ArgumentError', message: expect.stringContaining('999999') });
  });
});

test('a receiver that tracks it knows the last event of its partition', async () => {
  await send('1', 'a', 'b', 'c');
  const subscribe = { trackLastEnqueuedEventProperties: true };
  const [event] = await read({ count: 3, partitionId: '1', subscribe });
  const { lastEnqueuedOffset, lastEnqueuedOnUtc } = await producer.getPartitionProperties('1');
  expect(event!.lastEnqueuedEventProperties).toMatchObject({
    sequenceNumber: 2,
    offset: lastEnqueuedOffset,
    enqueuedOn: lastEnqueuedOnUtc,
  });
});

test('properties tell what a hub and a partition are', async () => {
  const { createdOn, ...rest } = await producer.getEventHubProperties();
  expect(Math.abs(Date.now() - createdOn.getTime())).toBeLessThan(10_000);
  expect(rest).toMatchObject({ name: hub, partitionIds: ['0', '1', '2', '3'] });
  expect(await producer.getPartitionProperties('3')).toMatchObject({ isEmpty: true, lastEnqueuedSequenceNumber: -1 });
  await send('3', 'a', 'b');
  expect(await producer.getPartitionProperties('3')).toMatchObject({
    isEmpty: false,
    beginningSequenceNumber: 0,
    lastEnqueuedSequenceNumber: 1,
  });
});

describe('what is wrong is refused with the code the SDK knows', () => {
  test.each([
    ['a wrong key', /SharedAccessKey=[^;]+/, 'SharedAccessKey=other'],
    ['an unknown policy', /SharedAccessKeyName=[^;]+/, 'SharedAccessKeyName=other'],
  ])('%s', async (_, pattern, replacement) => {
    const stranger = producerFor(server.connectionString.replace(pattern, replacement), { maxRetries: 0 });
    await expect(stranger.getEventHubProperties()).rejects.toMatchObject({ code: 'UnauthorizedError' });
    await expect(stranger.sendBatch([{ body: 'x' }])).rejects.toMatchObject({ code: 'UnauthorizedError' });
  });

  test.each([
    ['an unknown hub', { hub: 'nothing' }, 'MessagingEntityNotFoundError'],
    ['an unknown consumer group', { consumerGroup: 'nobody' }, 'MessagingEntityNotFoundError'],
    ['an unknown partition', { partitionId: '9' }, 'ArgumentOutOfRangeError'],
  ])('%s', async (_, extra, code) => {
    await expect(read({ count: 1, partitionId: '0', ...extra })).rejects.toMatchObject({ code });
  });

  test('sending to or asking about an unknown hub', async () => {
    const client = new EventHubProducerClient(server.connectionString, 'nothing', { retryOptions });
    cleanUp.push(() => client.close());
    const expected = { code: 'MessagingEntityNotFoundError' };
    await expect(client.getEventHubProperties()).rejects.toMatchObject(expected);
    await expect(client.sendBatch([{ body: 'x' }])).rejects.toMatchObject(expected);
  });

  test('an event that is too large', async () => {
    const sending = send('0', 'x'.repeat(1_100_000));
    await expect(sending).rejects.toMatchObject({ code: 'MessageTooLargeError' });
  });

  test('an event just below the limit is not', async () => {
    const body = 'x'.repeat(1_040_000);
    await send('0', body);
    expect(bodiesOf(await read({ count: 1, partitionId: '0' }))).toEqual([body]);
  });
});

describe('of receivers with an owner level', () => {
  function own(ownerLevel: number | undefined) {
    const client = new EventHubConsumerClient('bridge', server.connectionString, hub, { retryOptions });
    const read: unknown[] = [];
    const errors: (string | undefined)[] = [];
    client.subscribe(
      '0',
      {
        processEvents: (events) => Promise.resolve(void read.push(...bodiesOf(events))),
        processError: (error) => Promise.resolve(void errors.push('code' in error ? error.code : error.message)),
      },
      { maxWaitTimeInSeconds: 1, startPosition: latestEventPosition, ...(ownerLevel !== undefined && { ownerLevel }) },
    );
    cleanUp.push(() => client.close());
    return { read, errors };
  }

  test('the newest of the highest level reads, the others are told', async () => {
    const first = own(1);
    await delay(500);
    const second = own(2);
    await delay(500);
    const [lower, shared] = [own(1), own(undefined)];
    await delay(500);
    await send('0', 'event');
    await eventually(() => {
      expect(second).toEqual({ read: ['event'], errors: [] });
    });
    expect(first).toEqual({ read: [], errors: ['ReceiverDisconnectedError'] });
    expect(lower).toEqual({ read: [], errors: ['ReceiverDisconnectedError'] });
    expect(shared).toEqual({ read: [], errors: ['InvalidOperationError'] });
  });
});

describe('a restart', () => {
  test('keeps events, numbers, and when the hub was created', async () => {
    await send('0', 'a', 'b');
    const { createdOn } = await producer.getEventHubProperties();
    await restart();
    await send('0', 'c');
    const events = await read({ count: 3, partitionId: '0' });
    expect(bodiesOf(events)).toEqual(['a', 'b', 'c']);
    expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2]);
    expect((await producer.getEventHubProperties()).createdOn).toEqual(createdOn);
  });

  test('on a wiped folder is another hub, and consumers can tell by its creation', async () => {
    const { createdOn } = await producer.getEventHubProperties();
    await server.stop();
    await rm(join(dataDir, hub), { recursive: true });
    server = await start({ port: server.port });
    expect((await producer.getEventHubProperties()).createdOn.getTime()).toBeGreaterThan(createdOn.getTime());
  });

  test('with another number of partitions is refused', async () => {
    await server.stop();
    const changed = start({ hubs: [{ name: hub, partitionCount: 8 }] });
    await expect(changed).rejects.toThrow(`Hub ${hub} has 4 partitions and cannot be given 8`);
    server = await start(); // and the folder is free again
  });

  test('of clients whose connections were cut goes by itself', async () => {
    const reading = read({ count: 2, partitionId: '0' });
    await send('0', 'before');
    await delay(300);
    expect(server.dropConnections()).toBe(2);
    await delay(100); // a send that is under way when its connection breaks waits for its whole timeout
    await send('0', 'after');
    expect(bodiesOf(await reading)).toEqual(['before', 'after']);
  });
});

test('what has become too old goes while nothing is sent, and numbers go on', async () => {
  await server.stop();
  server = await start({ port: server.port, retentionMs: 500 });
  await send('0', 'a', 'b');
  await delay(1000);
  const expected = { isEmpty: true, beginningSequenceNumber: 2, lastEnqueuedSequenceNumber: 1 };
  expect(await producer.getPartitionProperties('0')).toMatchObject(expected);
  await send('0', 'c');
  expect(await read({ count: 1, partitionId: '0' })).toMatchObject([{ body: 'c', sequenceNumber: 2 }]);
});

test('two servers cannot share a folder', async () => {
  await expect(start()).rejects.toThrow('is in use by process');
});

test('a taken port is an error, and the folder stays free', async () => {
  const other = join(dataDir, 'other');
  await expect(start({ dataDir: other, port: server.port })).rejects.toThrow('EADDRINUSE');
  await start({ dataDir: other });
});

test('two hubs of one name are an error', async () => {
  const hubs = ['a', 'A'].map((name) => ({ name, partitionCount: 1 }));
  await expect(start({ dataDir: join(dataDir, 'other'), hubs })).rejects.toThrow('same name');
});

test('the server can be reached from this machine only', () => {
  expect(server.connectionString).toContain(`Endpoint=sb://127.0.0.1:${server.port};`);
});

describe('a server in a process of its own', () => {
  async function startChild(extra: Partial<EventHubsServerOptions> = {}) {
    const childOptions = options({ dataDir: join(dataDir, 'child'), ...extra });
    const script = new URL('../support/event-hubs-child.ts', import.meta.url);
    const child = fork(script, [JSON.stringify(childOptions)], { execArgv: [] });
    cleanUp.push(() => kill(child));
    return { child, connectionString: await answerOf<string>(child) };
  }

  async function answerOf<T>(child: ChildProcess): Promise<T> {
    const [answer] = (await once(child, 'message')) as [T];
    return answer;
  }

  async function heldBytes(child: ChildProcess): Promise<number> {
    child.send('how much?');
    return answerOf<number>(child);
  }

  function portOf(connectionString: string): number {
    return Number(/:(\d+);/.exec(connectionString)?.[1]);
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.signalCode !== null || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('that is killed under load has everything it acknowledged, without a gap', async () => {
    let { child, connectionString } = await startChild();
    const port = portOf(connectionString);
    const client = producerFor(connectionString, { timeoutInMs: 1500, maxRetries: 10 });
    const acknowledged: number[] = [];
    let next = 0;
    let isSending = true;
    const lane = async (): Promise<void> => {
      while (isSending) {
        const ids = Array.from({ length: 10 }, () => next++);
        await client.sendBatch(ids.map((body) => ({ body })));
        acknowledged.push(...ids);
      }
    };
    const lanes = Promise.all([lane(), lane(), lane()]);
    for (let kills = 0; kills < 2; kills++) {
      const before = acknowledged.length;
      await eventually(() => {
        expect(acknowledged.length).toBeGreaterThan(before + 1000);
      });
      await kill(child);
      ({ child, connectionString } = await startChild({ port }));
    }
    isSending = false;
    await lanes;

    const admin = producerFor(connectionString);
    const states = await Promise.all(['0', '1', '2', '3'].map((id) => admin.getPartitionProperties(id)));
    const count = states.reduce((sum, { lastEnqueuedSequenceNumber }) => sum + lastEnqueuedSequenceNumber + 1, 0);
    const events = await readEvents({ connectionString, hub, count });
    const stored = new Set(bodiesOf(events));
    expect(acknowledged.length).toBeGreaterThan(2000);
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    for (const { partitionId, lastEnqueuedSequenceNumber } of states) {
      const numbers = events.filter((event) => event.partitionId === partitionId).map((event) => event.sequenceNumber);
      expect(numbers).toEqual(Array.from({ length: lastEnqueuedSequenceNumber + 1 }, (_, index) => index));
    }
  });

  test('serves a client that grants much credit at once and reads late, without holding it all for it', async () => {
    const { child, connectionString } = await startChild();
    const batch = Array.from({ length: 25 }, () => ({ body: Buffer.alloc(40_000) }));
    const sender = producerFor(connectionString);
    for (let megabyte = 0; megabyte < 30; megabyte++) await sender.sendBatch(batch, { partitionId: '0' });
    const before = await heldBytes(child);
    const policy = { name: 'RootManageSharedAccessKey', key: 'a secret' };
    const client = await receiveRaw({ port: portOf(connectionString), hub, policy, credit: 1000 });
    cleanUp.push(client.close);
    expect(client.status).toBe(202);
    client.pause();
    await delay(500);
    expect(await heldBytes(child)).toBeLessThan(before + 10 * 2 ** 20);
    client.resume();
    await eventually(() => {
      expect(client.received()).toBe(750);
    });
  });

  test('that is sent many times its retention grows neither on disk nor in memory', async () => {
    const retentionBytes = 2 * 2 ** 20;
    const { child, connectionString } = await startChild({ retentionBytes });
    const client = producerFor(connectionString);
    const fill = async (megabytes: number): Promise<void> => {
      const batch = Array.from({ length: 16 }, () => ({ body: Buffer.alloc(32_000, 1) }));
      for (let half = 0; half < megabytes * 2; half++) await client.sendBatch(batch);
    };
    await fill(4);
    const before = await heldBytes(child);
    await fill(40);
    expect(await heldBytes(child)).toBeLessThan(before + retentionBytes);

    const folder = join(dataDir, 'child', hub);
    const sizes = await Promise.all((await readdir(folder)).map((name) => stat(join(folder, name))));
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(retentionBytes * 1.1);
    const { beginningSequenceNumber, lastEnqueuedSequenceNumber } = await client.getPartitionProperties('0');
    expect(beginningSequenceNumber).toBeGreaterThan(0);
    const count = lastEnqueuedSequenceNumber - beginningSequenceNumber + 1;
    const [oldest] = await readEvents({ connectionString, hub, partitionId: '0', count });
    expect(oldest!.sequenceNumber).toBe(beginningSequenceNumber);
  });
});

/** Repeats an assertion until it holds, for ten seconds at most. */
async function eventually(assertion: () => void): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      assertion();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(25);
    }
  }
}
