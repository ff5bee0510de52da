import { EventHubProducerClient } from '@azure/event-hubs';
import { setInterval as every } from 'node:timers/promises';
import type { Logger } from '../../service/log.ts';
import type { Service } from '../../service/run-service.ts';
import { closeWithin } from '../../service/within.ts';
import type { SimulatedDevice } from './devices.ts';

export interface SimulatorOptions {
  readonly connectionString: string;
  readonly hub: string;
  readonly devices: readonly SimulatedDevice[];
  readonly intervalMs: number;
  readonly log: Logger;
}

const RETRY_OPTIONS = { maxRetries: 3, retryDelayInMs: 500, timeoutInMs: 5000 };

/** Lets the simulated devices send until it is stopped. A device whose message cannot be sent sends its next one in its time. */
export function startSimulator({ connectionString, hub, devices, intervalMs, log }: SimulatorOptions): Service {
  const producer = new EventHubProducerClient(connectionString, hub, { retryOptions: RETRY_OPTIONS });
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    let interval = 0;
    for await (const _ of every(intervalMs, undefined, { signal: stopping.signal })) {
      const due = devices.filter((device) => interval % device.everyIntervals === 0);
      await Promise.all(due.map((device) => send(producer, device, stopping.signal, log)));
      interval += 1;
    }
  };
  const ended = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    ended,
    async stop() {
      stopping.abort();
      await ended;
      await closeWithin(3000, () => producer.close());
    },
  };
}

/** One device's events keep their order: they go to one partition, by its id. */
async function send(
  producer: EventHubProducerClient,
  device: SimulatedDevice,
  abortSignal: AbortSignal,
  log: Logger,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(device.message(new Date())));
  try {
    await producer.sendBatch([{ body, contentType: 'application/json' }], {
      partitionKey: device.deviceId,
      abortSignal,
    });
  } catch (error) {
    if (abortSignal.aborted) return;
    log.warn({ err: error }, 'a simulated message could not be sent');
  }
}
