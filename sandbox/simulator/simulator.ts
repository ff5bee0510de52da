import { setInterval as every } from 'node:timers/promises';
import type { HubAccess } from '../../service/hub-access.ts';
import { createProducer } from '../../service/hub-access.ts';
import type { Logger } from '../../service/log.ts';
import type { Service } from '../../service/run-service.ts';
import { closeWithin } from '../../service/within.ts';
import { sendEvents } from './send-events.ts';
import type { Simulation } from './simulation.ts';

export interface SimulatorOptions {
  readonly access: HubAccess;
  readonly simulation: Simulation;
  readonly intervalMs: number;
  readonly log: Logger;
}

const RETRY_OPTIONS = { maxRetries: 3, retryDelayInMs: 500, timeoutInMs: 5000 };

/**
 * Lets the simulated devices send until it is stopped. A device whose events cannot be sent sends its next one in its
 * time; what is held back on the way when it is stopped is not sent.
 */
export function startSimulator({ access, simulation, intervalMs, log }: SimulatorOptions): Service {
  const producer = createProducer(access, { retryOptions: RETRY_OPTIONS });
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    for await (const _ of every(intervalMs, undefined, { signal })) {
      const unsent = await sendEvents(producer, simulation.due(new Date()), { abortSignal: signal });
      if (signal.aborted) return;
      for (const { error, events } of unsent) {
        log.warn({ err: error, eventCount: events.length }, 'events of a simulated device could not be sent');
      }
    }
  };
  const ended = run().catch((error: unknown) => {
    if (!signal.aborted) throw error;
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
