import { setTimeout as rest } from 'node:timers/promises';

/**
 * Closes something, but waits for it only so long: a client's close may wait for a server that is gone. For what nothing
 * depends on any more, so a failure of it is of no interest either.
 */
export async function closeWithin(ms: number, close: () => Promise<void>): Promise<void> {
  const late = rest(ms, undefined, { ref: false });
  await Promise.race([close().catch(() => undefined), late]);
}
