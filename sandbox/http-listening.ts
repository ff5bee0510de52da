import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const STOP_PATIENCE_MS = 5000;

/** @returns the port, once the server listens @throws when the port is taken */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Stops listening, waits for the exchanges that are open, though not for ever, and closes all connections: one that is
 * kept alive, or has yet to send anything, is not waited for.
 */
export async function closeInOrder(server: Server, open: ReadonlySet<Promise<unknown>>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const patience = new AbortController();
  await Promise.race([Promise.all(open), setTimeout(STOP_PATIENCE_MS, undefined, { signal: patience.signal })]);
  patience.abort();
  server.closeAllConnections();
  await closed;
}
