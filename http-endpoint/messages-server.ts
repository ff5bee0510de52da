import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerToken, createSecretCheck } from '../service/bearer-tokens.ts';
import { ByteBudget } from '../service/byte-budget.ts';
import type { Health } from '../service/health-server.ts';
import type { OutgoingEvent } from '../service/hub-producer.ts';
import { EventTooLargeError } from '../service/hub-producer.ts';
import type { Logger } from '../service/log.ts';
import { isLoopback, isLoopbackAuthority } from './loopback.ts';
import { Refusal } from './refusal.ts';
import { readBody } from './request-body.ts';
import { formatOf, readMessages } from './request-messages.ts';
import { readProperties } from './request-properties.ts';

export interface MessagesServerOptions {
  readonly host: string;
  readonly port: number;
  /** None: no request needs one, and the server must listen on loopback only. */
  readonly tokens: readonly string[];
  readonly maxBodyBytes: number;
  /** @returns how many of the events, from the first on, the hub has acknowledged @throws when it has none */
  readonly send: (events: readonly OutgoingEvent[], key?: string) => Promise<number>;
  readonly health: () => Health;
  readonly log: Logger;
}

/** Bodies of all requests that are read or on their way to the hub. */
const MAX_HELD_BYTES = 64 * 2 ** 20;
const RETRY_AFTER_S = '5';
const REQUEST_WITHIN_MS = 60_000;
/** Longer than the proxies before it keep connections, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;
const DRAIN_WITHIN_MS = 15_000;

type Answer = readonly [status: number, body: object];

/**
 * `POST /messages`: what devices send by HTTP becomes events of the hub. A request is answered with 202 when the hub has
 * acknowledged all its messages, not before. `GET /health` needs no token.
 */
export class MessagesServer {
  readonly #options: MessagesServerOptions;
  readonly #server: Server;
  readonly #isToken: (given: string | undefined) => boolean;
  readonly #budget = new ByteBudget(MAX_HELD_BYTES);
  #isStopping = false;

  constructor(options: MessagesServerOptions) {
    this.#options = options;
    this.#isToken = createSecretCheck(options.tokens);
    this.#server = createServer({ requestTimeout: REQUEST_WITHIN_MS, keepAliveTimeout: KEEP_ALIVE_MS });
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    this.#server.on('request', listener);
    // A sender that asks first is answered before it sends anything.
    this.#server.on('checkContinue', listener);
  }

  /** @returns the address that takes messages @throws when the port cannot be had */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const { port: taken } = this.#server.address() as AddressInfo;
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}/messages`;
  }

  /** Answers what has come, refuses what comes now. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const late = setTimeout(() => {
      this.#server.closeAllConnections();
    }, DRAIN_WITHIN_MS);
    await closed;
    clearTimeout(late);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [status, body] = await this.#answer(request, response);
      this.#respond(response, status, body);
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the sender has gone: nobody is there to be told
      this.#refuse(response, error instanceof Refusal ? error : this.#defect(error));
      // What is left of a body that was not read to its end would block its connection: Node discards whole ones only.
      request.resume();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const target = URL.parse(request.url ?? '/', 'http://localhost');
    if (target === null) throw new Refusal(400, 'Expected a path, as /messages');
    const { pathname, searchParams } = target;
    if (pathname === '/health') return this.#health(request);
    if (pathname !== '/messages') throw new Refusal(404, 'Expected POST /messages, or GET /health');
    assertMethod(request, 'POST');
    this.#assertAllowed(request);
    if (this.#isStopping) throw unavailable('The endpoint is stopping');
    const format = formatOf(request.headers['content-type']);
    const { properties, deviceId } = readProperties(request.headers, searchParams);
    const budget = this.#budget.share();
    try {
      if (request.headers.expect !== undefined) response.writeContinue();
      const body = await readBody(request, { maxBytes: this.#options.maxBodyBytes, budget });
      const events = readMessages(body, format).map((message) => {
        return { body: message, contentType: 'application/json', properties: { ...properties } };
      });
      return [202, { accepted: await this.#send(events, deviceId) }];
    } finally {
      budget.giveBack();
    }
  }

  #health(request: IncomingMessage): Answer {
    assertMethod(request, 'GET');
    const { ok, details } = this.#isStopping ? { ok: false, details: { isStopping: true } } : this.#options.health();
    return [ok ? 200 : 503, { status: ok ? 'ok' : 'unavailable', ...details }];
  }

  #assertAllowed({ headers }: IncomingMessage): void {
    const { tokens, host } = this.#options;
    if (tokens.length > 0 && !this.#isToken(bearerToken(headers.authorization))) {
      throw new Refusal(401, 'Expected a bearer token', { headers: { 'www-authenticate': 'Bearer' } });
    }
    // A page of the web may have this machine's address looked up under a name of its own.
    if (tokens.length === 0 && isLoopback(host) && !isLoopbackAuthority(headers.host)) {
      throw new Refusal(421, 'Expected to be called by a name of this machine: no token protects it');
    }
  }

  async #send(events: readonly OutgoingEvent[], key: string | undefined): Promise<number> {
    let acknowledged: number;
    try {
      acknowledged = await this.#options.send(events, key);
    } catch (error) {
      if (error instanceof EventTooLargeError) throw new Refusal(413, error.message);
      this.#options.log.warn({ eventCount: events.length, err: error }, 'the hub did not take messages of a request');
      throw unavailable('The hub cannot take messages at the moment; try again', 0, error);
    }
    if (acknowledged === events.length) return acknowledged;
    this.#options.log.warn({ eventCount: events.length, acknowledged }, 'the hub took a part of a request');
    throw unavailable('The hub has taken only the first messages; send the others again', acknowledged);
  }

  #defect(error: unknown): Refusal {
    this.#options.log.error({ err: error }, 'a request met a defect of the endpoint');
    return new Refusal(500, 'The endpoint met a defect of its own; please report it');
  }

  #refuse(response: ServerResponse, { status, message, members, headers }: Refusal): void {
    const problem = { title: STATUS_CODES[status] ?? 'Refused', status, detail: message, ...members };
    this.#respond(response, status, problem, { ...headers, 'content-type': 'application/problem+json' });
  }

  #respond(response: ServerResponse, status: number, body: object, headers: Refusal['headers'] = {}): void {
    if (response.headersSent || response.destroyed) return;
    // Node would keep the connection open for requests that are to be refused.
    if (this.#isStopping) response.setHeader('connection', 'close');
    const text = Buffer.from(JSON.stringify(body));
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': text.length,
      'cache-control': 'no-store',
      ...headers,
    });
    response.end(text);
  }
}

function assertMethod({ method }: IncomingMessage, allowed: string): void {
  if (method !== allowed) throw new Refusal(405, `Expected ${allowed}`, { headers: { allow: allowed } });
}

function unavailable(detail: string, accepted = 0, cause?: unknown): Refusal {
  return new Refusal(503, detail, { members: { accepted }, headers: { 'retry-after': RETRY_AFTER_S }, cause });
}
