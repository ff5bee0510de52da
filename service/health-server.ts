import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

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
  await once(server, 'listening');
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
