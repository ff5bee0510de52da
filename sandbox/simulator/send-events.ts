import type { EventHubProducerClient } from '@azure/event-hubs';
import type { SimulatedEvent } from './faulty-delivery.ts';

/** Events of one device that the hub has not, or not surely, taken in. */
export interface UnsentEvents {
  readonly events: readonly SimulatedEvent[];
  readonly error: unknown;
}

/** Sends the events of each device in their order, those of different devices at once. @returns what could not be sent */
export async function sendEvents(
  producer: EventHubProducerClient,
  events: readonly SimulatedEvent[],
  options: { abortSignal?: AbortSignal } = {},
): Promise<UnsentEvents[]> {
  const byDevice = Map.groupBy(events, ({ device }) => device.deviceId);
  const unsent = await Promise.all([...byDevice.values()].map((own) => sendInOrder(producer, own, options)));
  return unsent.filter((each) => each !== undefined);
}

/** @param events of one device: a batch goes where the partition key of its first event belongs */
async function sendInOrder(
  producer: EventHubProducerClient,
  events: readonly SimulatedEvent[],
  options: { abortSignal?: AbortSignal },
): Promise<UnsentEvents | undefined> {
  let sentCount = 0;
  try {
    while (sentCount < events.length) {
      const batch = await producer.createBatch(options);
      const full = events.slice(sentCount).findIndex(({ message }) => !batch.tryAdd(message));
      if (full === 0) throw new RangeError('Expected an event that fits into a batch of its own');
      await producer.sendBatch(batch, options);
      sentCount += batch.count;
    }
    return undefined;
  } catch (error) {
    return { events: events.slice(sentCount), error };
  }
}
