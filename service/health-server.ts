import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { OperatorError } from '../core/operator-error.ts';

/** What a process says of itself: `ok` as long as it can do its work, and details without readings. */
export interface Health {
  readonly ok: boolean;
  /** It does its work, and something around it needs attention that a restart would not give. */
  readonly isDegraded?: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface HealthServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Prometheus' text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Answers `GET /health` with 200 while all is well, or only degraded, and with 503 while not, and the details as JSON;
 * `GET /metrics`, where there are any, with Prometheus' text.
 */
export async function startHealthServer(
  host: string,
  port: number,
  health: () => Health | Promise<Health>,
  metrics?: () => Promise<string>,
): Promise<HealthServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.method === 'GET' ? request.url?.split('?')[0] : undefined;
    if (path === '/metrics' && metrics !== undefined) {
      const text = await metrics();
      response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text);
    } else if (path === '/health') answerHealth(response, await health());
    else sendJson(response, 404, { status: 'unavailable', expected: 'GET /health or GET /metrics' });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const name = error instanceof Error ? error.name : typeof error;
      if (!response.headersSent) sendJson(response, 500, { status: 'unavailable', error: name });
    });
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

function answerHealth(response: ServerResponse, { ok, isDegraded, details }: Health): void {
  const status = ok ? (isDegraded === true ? 'degraded' : 'ok') : 'unavailable';
  sendJson(response, ok ? 200 : 503, { status, ...details });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
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
