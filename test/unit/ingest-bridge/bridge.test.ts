import type { EventHubConsumerClient, GetEventHubPropertiesOptions } from '@azure/event-hubs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bridge } from '../../../ingest-bridge/bridge.ts';
import { observeBridge } from '../../../ingest-bridge/bridge-gauges.ts';
import { createLogger } from '../../../service/log.ts';
import { createMetrics } from '../../../service/metrics.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { createLedgers } from '../../../stores/ledgers.ts';
import { createStreams } from '../../../stores/streams.ts';
import { eventually } from '../../support/eventually.ts';
import { parsePrometheusText } from '../../support/prometheus-text.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A client as the SDK's, of a hub with two partitions, whose subscription is never given any of them. */
function idleClient(): EventHubConsumerClient {
  const properties = { createdOn: new Date(0), partitionIds: ['0', '1'] };
  const ofPartition = { beginningSequenceNumber: 0, lastEnqueuedSequenceNumber: 4, lastEnqueuedOnUtc: new Date(0) };
  return {
    fullyQualifiedNamespace: 'localhost',
    eventHubName: 'devicedata',
    getEventHubProperties: () => Promise.resolve(properties),
    getPartitionProperties: () => Promise.resolve(ofPartition),
    subscribe: () => ({ isRunning: true, close: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  } as unknown as EventHubConsumerClient;
}

/** As the SDK does it while it tries again. */
async function untilAborted(signal: GetEventHubPropertiesOptions['abortSignal']): Promise<never> {
  return await new Promise((_, reject) => {
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });
}

/** The same, whose hub has answered once, when it was subscribed to, and never since. */
function silencedClient(): () => EventHubConsumerClient {
  let answerCount = 0;
  return () => {
    const client = idleClient();
    const getEventHubProperties: typeof client.getEventHubProperties = (options) =>
      answerCount++ === 0 ? client.getEventHubProperties(options) : untilAborted(options?.abortSignal);
    return Object.assign(Object.create(client) as typeof client, { getEventHubProperties });
  };
}

function createBridge({ connect = idleClient, unreadAfterMs = 3_600_000 }) {
  const store = createFolderStore(folder);
  const metrics = createMetrics({ process: 'ingest-bridge', deployment: 'test' });
  const bridge = new Bridge({
    connect,
    store,
    streams: createStreams(store, 'test'),
    ledgers: createLedgers(store, 'test'),
    intake: { deployment: 'test', metrics: metrics.instruments } as never,
    dispatchIntervalMs: 10,
    receiveBatchSize: 10,
    ownershipExpiryMs: 1000,
    lagIntervalMs: 50,
    unreadAfterMs,
    log: createLogger('test', 'silent'),
  });
  return { bridge, metrics };
}

test.each([
  { name: 'longer than is borne: degraded', unreadAfterMs: 0, isDegraded: true },
  { name: 'a moment: not yet', unreadAfterMs: 3_600_000, isDegraded: false },
])('partitions that nobody has read for $name', async ({ unreadAfterMs, isDegraded }) => {
  const { bridge, metrics } = createBridge({ unreadAfterMs });
  const none = { refused: () => [], active: () => Promise.resolve(undefined) };
  observeBridge(metrics.instruments, { bridge, templates: none, versions: none });
  const running = bridge.run();
  try {
    await eventually(() => {
      expect(bridge.views()).toHaveLength(2);
    });
    const { ok, isDegraded: found, details } = bridge.health();
    expect([ok, found]).toEqual([true, isDegraded]);
    expect(Object.keys(details['unreadPartitions'] ?? {})).toEqual(isDegraded ? ['0', '1'] : []);
    const families = parsePrometheusText(await metrics.scrape());
    const partitionsOf = (name: string) => families.get(name)?.samples.map(({ labels }) => labels['partition']);
    expect(partitionsOf('iomt_partition_unread_seconds')).toEqual(['0', '1']);
    expect(families.get('iomt_partition_lag_events')?.samples.map(({ value }) => value)).toEqual([5, 5]);
    expect(families.get('iomt_partitions')?.samples[0]?.value).toBe(2);
    expect(families.get('iomt_partitions_owned')?.samples[0]?.value).toBe(0);
  } finally {
    bridge.stop();
    await running;
  }
});

test('a hub that has not answered for four looks: degraded, with since when', async () => {
  const { bridge } = createBridge({ connect: silencedClient() });
  const running = bridge.run();
  try {
    await eventually(() => {
      expect(bridge.health()).toMatchObject({ ok: true, isDegraded: true });
    });
    const { hubUnseenSince } = bridge.health().details;
    expect(Date.parse(String(hubUnseenSince))).toBeLessThan(Date.now());
  } finally {
    bridge.stop();
    await running;
  }
});
