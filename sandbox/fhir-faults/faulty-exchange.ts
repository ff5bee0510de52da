import type { Agent, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as rest } from 'node:timers/promises';
import { halfOf, ownAnswer, withBaseUrl } from './answers.ts';
import type { FaultPlan } from './fault-plan.ts';
import { forward, passedOn } from './forward.ts';
import type { HttpAnswer } from './forward.ts';

/** A request; the path is what follows the base URL, the query included. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the server has answered it. */
export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface FaultyExchange {
  /** Base URLs of the server and of the proxy, without a slash at the end. */
  readonly target: string;
  readonly baseUrl: string;
  readonly plan: FaultPlan;
  readonly agent: Agent;
  /** Ends what is being delayed. */
  readonly stopping: AbortSignal;
  /** The server hears nothing before it resolves. */
  readonly arrived: (request: Arrived) => Promise<void>;
  /** The client hears nothing before it resolves. */
  readonly answered: (answer: Answered) => Promise<void>;
  /** Gathers what was thrown and is no trouble of a connection. */
  readonly failures: Set<unknown>;
}

/** Serves one request, with what the plan has for it. Never fails: what keeps it from an answer ends the connection. */
export async function serveWithFaults(
  exchange: FaultyExchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: HttpAnswer | undefined;
  try {
    answer = await answerTo(exchange, request);
  } catch (error) {
    // The client or the server is gone, or the proxy stops: as without a proxy, the client hears nothing more.
    if (!isConnectionTrouble(error)) exchange.failures.add(error);
  }
  if (answer === undefined) request.socket.destroy();
  else send(request, response, withBaseUrl(answer, exchange.target, exchange.baseUrl));
}

/** @returns undefined when the client is to hear nothing but the end of its connection */
async function answerTo(exchange: FaultyExchange, request: IncomingMessage): Promise<HttpAnswer | undefined> {
  const { method = 'GET', url = '/', headers, rawHeaders } = request;
  const { origin, pathname } = new URL(exchange.target);
  const path = url.startsWith(pathname) ? url.slice(pathname.length) : url;
  const { delayMs, effect } = exchange.plan.hits(method, path);
  if (effect?.does === 'cut-before') return undefined;
  const body = await buffer(request);
  if (delayMs > 0) await rest(delayMs, undefined, { signal: exchange.stopping });
  if (effect?.does === 'answer') return ownAnswer(effect);
  await exchange.arrived({ method, path, headers });
  const answer = await forward(new URL(url, origin), method, { rawHeaders, body }, exchange.agent);
  await exchange.answered({ method, path, status: answer.status });
  switch (effect?.does) {
    case 'cut-after':
      return undefined;
    case 'broken-json':
      return halfOf(answer);
    case undefined:
      return answer;
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const { status, statusText, rawHeaders, body } = answer;
  const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
  const length = hasBody ? ['Content-Length', String(body.length)] : [];
  response.writeHead(status, statusText, [...passedOn(rawHeaders), ...length]);
  response.end(hasBody ? body : undefined);
}

/** Other codes (`ERR_INVALID_…`) are of Node's own checks: a defect of the proxy. */
function isConnectionTrouble(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(E[A-Z]+|HPE_[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE|ABORT_ERR)$/.test(code);
}
