import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DecryptionError } from '../core/decryption-error.ts';
import { OperatorError } from '../core/operator-error.ts';
import { ByteBudget } from '../service/byte-budget.ts';
import type { Logger } from '../service/log.ts';
import type { Answer, Answering } from './codec-answers.ts';
import { answerTo, askedFor, JSON_TYPE } from './codec-answers.ts';
import { CodecRefusal } from './codec-refusal.ts';

export interface CodecServerOptions extends Answering {
  readonly host: string;
  readonly port: number;
  /** Told of everybody who may not ask, and of what went wrong here. */
  readonly log: Logger;
}

export interface CodecServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Bodies of all requests that are being answered. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;
const MOST_LOGGED_ORIGIN = 200;

/**
 * Decrypts for Temporal's UI and command line, by the protocol of remote codecs: `POST …/decode` and `POST …/encode` with
 * payloads as JSON. Whoever asks needs a token, or a session begun with one at `/`.
 *
 * @see https://docs.temporal.io/codec-server
 * @throws OperatorError when the port cannot be had
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { host } = options;
  const budget = new ByteBudget(MOST_HELD_BYTES);
  const server = createServer((request, response) => void serve(options, budget, request, response));
  server.listen(options.port, host);
  await listening(server, host, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  options: CodecServerOptions,
  budget: ByteBudget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { origin } = request.headers;
  const cors = origin !== undefined && options.origins.includes(origin) ? corsHeaders(origin) : {};
  const share = budget.share();
  try {
    const answer = await answerTo(options, request, share);
    respond(answer);
  } catch (error) {
    if (request.destroyed && !request.complete) return; // whoever asked has gone: nobody is there to be told
    respond(refusal(error, options.log));
  } finally {
    share.giveBack();
  }
  // What is left of a body that was not read to its end would block its connection.
  if (!request.complete) request.resume();

  function respond(answer: Answer): void {
    tell(options.log, request, answer);
    response.writeHead(answer.status, { ...answer.headers, ...cors, 'cache-control': 'no-store', vary: 'Origin' });
    response.end(answer.body);
  }
}

/** Whoever may not ask leaves a trace: no token, no payload. */
function tell(log: Logger, request: IncomingMessage, { status }: Answer): void {
  if (status !== 401 && status !== 403) return;
  const origin = request.headers.origin?.slice(0, MOST_LOGGED_ORIGIN);
  log.warn(
    { status, asked: askedFor(request), address: request.socket.remoteAddress, origin },
    'a request was refused',
  );
}

function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, x-namespace',
    'access-control-max-age': '600',
  };
}

/** Only words of ours: a library's may quote what it was given. */
function refusal(error: unknown, log: Logger): Answer {
  const answer = (status: number, message: string): Answer => ({
    status,
    headers: { ...JSON_TYPE, ...(status === 401 && { 'www-authenticate': 'Bearer' }) },
    body: JSON.stringify({ error: message }),
  });
  if (error instanceof CodecRefusal) return answer(error.status, error.message);
  if (error instanceof DecryptionError) return answer(422, error.message);
  log.error({ err: error }, 'a request met a defect of the codec server');
  return answer(500, 'it could not be done');
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    const message = `The codec server cannot listen on ${host}:${port}: free it, or set another (IOMT_CODEC_PORT)`;
    throw new OperatorError(message, { cause: error });
  }
}
