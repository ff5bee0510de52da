import type { EventData, EventDataBatch, EventHubProducerClient } from '@azure/event-hubs';
import { expect, test } from '@jest/globals';
import { PartitionLane } from '../../../service/partition-lane.ts';

/** A client as the SDK's, of a hub that acknowledges everything at once, and what it has been sent. */
function promptClient(): { readonly client: EventHubProducerClient; readonly sent: unknown[] } {
  const sent: unknown[] = [];
  const client = {
    createBatch: () => {
      const events: EventData[] = [];
      return Promise.resolve({ events, tryAdd: (event: EventData) => events.push(event) > 0 });
    },
    sendBatch: (batch: EventDataBatch & { events: EventData[] }) => {
      sent.push(batch.events.map(({ body }): unknown => body));
      return Promise.resolve();
    },
  } as unknown as EventHubProducerClient;
  return { client, sent };
}

test('what is sent in the same breath goes in one batch', async () => {
  const { client, sent } = promptClient();
  const lane = new PartitionLane(client, '0', 1000);
  await Promise.all(['a', 'b', 'c'].map((body) => lane.send({ body })));
  expect(sent).toEqual([['a', 'b', 'c']]);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'what is sent %i microtasks after the last acknowledgement waits for nothing else',
  async (hops) => {
    const { client, sent } = promptClient();
    const lane = new PartitionLane(client, '0', 1000);
    await lane.send({ body: 'a' });
    for (let hop = 0; hop < hops; hop++) await Promise.resolve();
    void lane.send({ body: 'b' });
    await lane.idle();
    expect(sent).toEqual([['a'], ['b']]);
  },
);
