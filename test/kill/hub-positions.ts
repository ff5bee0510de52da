import type { ReceivedEventData } from '@azure/event-hubs';
import { earliestEventPosition, EventHubConsumerClient } from '@azure/event-hubs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startEventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import type { Reading } from './readings.ts';
import { messageOf } from './readings.ts';
import { HUB, PARTITION_COUNT, POLICIES } from './settings.ts';

const RETRY_OPTIONS = { maxRetries: 3, retryDelayInMs: 200, timeoutInMs: 5000 };

/** Where a wiped hub's folder is kept, for a look. @param life which one it was, from 0 */
export function wipedHubFolder(dataDir: string, life: number): string {
  return join(dataDir, `event-hubs-wiped-${life}`);
}

/**
 * Where the events of readings stand: what a failure is looked for by in logs and ledgers. To be asked once the hub's own
 * process has ended, since its folder belongs to one process.
 *
 * @returns for each reading its places: life of the hub from 0, partition, sequence number
 */
export async function readHubPositions(dataDir: string): Promise<(reading: Reading) => string> {
  const byBody = new Map<string, string[]>();
  const folders: string[] = [];
  while (existsSync(wipedHubFolder(dataDir, folders.length))) folders.push(wipedHubFolder(dataDir, folders.length));
  for (const [life, folder] of [...folders, join(dataDir, 'event-hubs')].entries()) {
    for (const { body, place } of await readFolder(folder)) {
      byBody.set(body, [...(byBody.get(body) ?? []), `${life}/${place}`]);
    }
  }
  return (reading) => byBody.get(messageOf(reading))?.join(' and ') ?? 'not in the hub';
}

async function readFolder(dataDir: string): Promise<{ body: string; place: string }[]> {
  const hubs = [{ name: HUB, partitionCount: PARTITION_COUNT }];
  const server = await startEventHubsServer({ dataDir, hubs, policies: POLICIES });
  const client = new EventHubConsumerClient('$Default', server.connectionString, HUB, { retryOptions: RETRY_OPTIONS });
  try {
    const read: { body: string; place: string }[] = [];
    for (const partition of await client.getPartitionIds()) {
      for (const { body, sequenceNumber } of await readPartition(client, partition)) {
        read.push({ body: (body as Buffer).toString(), place: `${partition}/${sequenceNumber}` });
      }
    }
    return read;
  } finally {
    await client.close();
    await server.stop();
  }
}

async function readPartition(client: EventHubConsumerClient, partition: string): Promise<ReceivedEventData[]> {
  const { isEmpty, lastEnqueuedSequenceNumber } = await client.getPartitionProperties(partition);
  if (isEmpty) return [];
  const read: ReceivedEventData[] = [];
  const done = Promise.withResolvers<undefined>();
  const handlers = {
    processEvents: (events: ReceivedEventData[]) => {
      read.push(...events);
      if ((read.at(-1)?.sequenceNumber ?? -1) >= lastEnqueuedSequenceNumber) done.resolve(undefined);
      return Promise.resolve();
    },
    processError: (error: Error) => {
      done.reject(error);
      return Promise.resolve();
    },
  };
  const options = { startPosition: earliestEventPosition, maxBatchSize: 500, skipParsingBodyAsJson: true };
  const subscription = client.subscribe(partition, handlers, options);
  await done.promise.finally(() => subscription.close());
  return read;
}
