import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { OperatorError } from '../core/operator-error.ts';

/** What a process says of itself: `ok` as long as it can do its work, and details without readings. */
export interface Health {
  readonly ok: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface HealthServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Answers `GET /health` with 200 while all is well and with 503 while not, and the details as JSON. */
export async function startHealthServer(host: string, port: number, health: () => Health): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const isHealth = request.method === 'GET' && request.url?.split('?')[0] === '/health';
    const { ok, details } = isHealth ? health() : { ok: false, details: { expected: 'GET /health' } };
    response.writeHead(isHealth ? (ok ? 200 : 503) : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: ok ? 'ok' : 'unavailable', ...details }));
  });
  server.listen(port, host);
  await listening(server, host, port);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}/health`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @throws OperatorError when the port cannot be had */
async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    const way = 'free it, or set another (IOMT_BRIDGE_PORT, IOMT_WORKER_PORT)';
    throw new OperatorError(`The health endpoint cannot listen on ${host}:${port}: ${way}`, { cause: error });
  }
}
