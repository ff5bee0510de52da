import type { Logger } from './log.ts';

/** A process' main work: stops in order, once. */
export interface Service {
  /** Resolves when the service has ended by itself, rejects when it cannot go on; never while it runs. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** An orderly stop takes seconds; running activities have most of it to come to an end. */
const STOP_WITHIN_MS = 25_000;

/**
 * Runs a service until the process is asked to stop: SIGINT, SIGTERM, or the end of its parent
 * (a child with an IPC channel must not outlive it). Then everything is stopped in order.
 *
 * @param start is given a signal that is aborted when the process is asked to stop meanwhile
 */
export async function runService(log: Logger, start: (signal: AbortSignal) => Promise<Service>): Promise<void> {
  const stopping = new AbortController();
  const asked = stopRequested().then(() => {
    stopping.abort();
  });
  const service = await startUnlessStopped(start, stopping.signal);
  if (service === undefined) return;
  await Promise.race([service.ended, asked]);
  log.info('stopping');
  endInAnyCase(log);
  await service.stop();
  log.info('stopped');
}

/** Nothing is in danger when a process just ends; one that hangs in an orderly end would be in the way of its successor. */
function endInAnyCase(log: Logger): void {
  setTimeout(() => {
    log.error({ afterMs: STOP_WITHIN_MS }, 'could not stop in order; ending all the same');
    process.exit(1);
  }, STOP_WITHIN_MS).unref();
}

/** Tells the parent process, where there is one, that this one can be used, and how. */
export function reportReady(details: Readonly<Record<string, string>>): void {
  process.send?.({ ready: details });
}

async function startUnlessStopped(
  start: (signal: AbortSignal) => Promise<Service>,
  signal: AbortSignal,
): Promise<Service | undefined> {
  try {
    return await start(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      resolve();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    // With an IPC channel the parent's end, however it comes, is told as a disconnect.
    if (process.connected) process.once('disconnect', stop);
  });
}
