import type { Logger } from './log.ts';

/** A process' main work: stops in order, once. */
export interface Service {
  /** Resolves when the service has ended by itself, rejects when it cannot go on; never while it runs. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs a service until the process is asked to stop: SIGINT, SIGTERM, or the end of its parent
 * (a child with an IPC channel must not outlive it). Then everything is stopped in order.
 */
export async function runService(log: Logger, start: () => Promise<Service>): Promise<void> {
  const asked = stopRequested();
  const service = await start();
  await Promise.race([service.ended, asked]);
  log.info('stopping');
  await service.stop();
  log.info('stopped');
}

/** Tells the parent process, where there is one, that this one can be used, and how. */
export function reportReady(details: Readonly<Record<string, string>>): void {
  process.send?.({ ready: details });
}

function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => { resolve(); };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    // With an IPC channel the parent's end, however it comes, is told as a disconnect.
    if (process.connected) process.once('disconnect', stop);
  });
}
