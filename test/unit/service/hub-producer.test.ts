import type { EventHubProducerClient, OperationOptions } from '@azure/event-hubs';
import { expect, test } from '@jest/globals';
import { HubProducer } from '../../../service/hub-producer.ts';

const MAX_EVENT_BYTES = 1024;

/** A client as the SDK's, whose hub tells its layout and then goes silent: the SDK tries again until it is called off. */
function silentClient(): EventHubProducerClient {
  let batchCount = 0;
  return {
    getPartitionIds: () => Promise.resolve(['0']),
    createBatch: ({ abortSignal }: OperationOptions = {}) => {
      if (batchCount++ === 0) return Promise.resolve({ maxSizeInBytes: MAX_EVENT_BYTES });
      return new Promise((_, reject) => {
        abortSignal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    },
  } as unknown as EventHubProducerClient;
}

test.each([
  { name: 'is sent', body: new Uint8Array() },
  { name: 'is measured first', body: new Uint8Array(MAX_EVENT_BYTES) },
])('an event that $name fails in time when the hub goes silent', async ({ body }) => {
  const producer = new HubProducer({ client: silentClient(), sendWithinMs: 20 });
  await producer.open();
  await expect(producer.send([{ body }])).rejects.toThrow('aborted');
});
