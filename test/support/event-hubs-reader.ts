import {
  earliestEventPosition,
  EventHubConsumerClient,
  type EventPosition,
  type PartitionContext,
  type ReceivedEventData,
  type SubscribeOptions,
} from '@azure/event-hubs';

/** The SDK's own defaults wait half a minute before they try again. */
export const retryOptions = { maxRetries: 3, retryDelayInMs: 200, timeoutInMs: 5000 };

export interface ReadOptions {
  readonly connectionString: string;
  readonly hub: string;
  /** How many events to wait for. */
  readonly count: number;
  readonly consumerGroup?: string;
  /** All partitions if it is left out. */
  readonly partitionId?: string;
  readonly startPosition?: EventPosition;
  readonly subscribe?: Partial<SubscribeOptions>;
}

export interface ReadEvent extends ReceivedEventData {
  readonly partitionId: string;
  readonly lastEnqueuedEventProperties: PartitionContext['lastEnqueuedEventProperties'] | undefined;
}

/** Reads until `count` events are there. Rejects with the first error the SDK reports. */
export async function readEvents(options: ReadOptions): Promise<ReadEvent[]> {
  const { connectionString, hub, count, consumerGroup = '$Default', partitionId } = options;
  const client = new EventHubConsumerClient(consumerGroup, connectionString, hub, { retryOptions });
  const read: ReadEvent[] = [];
  const done = Promise.withResolvers<undefined>();
  const handlers = {
    processEvents: (events: ReceivedEventData[], context: PartitionContext) => {
      const { lastEnqueuedEventProperties } = context;
      for (const event of events) {
        read.push(Object.assign(event, { partitionId: context.partitionId, lastEnqueuedEventProperties }));
      }
      if (read.length >= count) done.resolve(undefined);
      return Promise.resolve();
    },
    processError: (error: Error) => {
      done.reject(error);
      return Promise.resolve();
    },
  };
  const subscribeOptions = {
    startPosition: options.startPosition ?? earliestEventPosition,
    maxBatchSize: 500,
    maxWaitTimeInSeconds: 1,
    ...options.subscribe,
  };
  const subscription =
    partitionId === undefined
      ? client.subscribe(handlers, subscribeOptions)
      : client.subscribe(partitionId, handlers, subscribeOptions);
  try {
    await done.promise;
  } finally {
    await subscription.close();
    await client.close();
  }
  return read;
}
