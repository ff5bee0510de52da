import type { Config } from '../config/settings.ts';
import { OperatorError } from '../core/operator-error.ts';
import { createProducer, hubAccess } from '../service/hub-access.ts';
import { HubProducer, PRODUCER_RETRIES } from '../service/hub-producer.ts';
import type { Logger } from '../service/log.ts';
import { createLogger } from '../service/log.ts';
import type { Service } from '../service/run-service.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { isLoopback } from './loopback.ts';
import { MessagesServer } from './messages-server.ts';

const SEND_WITHIN_MS = 10_000;

/** The process of the HTTP endpoint: takes messages by HTTP and sends them to the hub until it is asked to stop. */
export async function httpEndpointMain(config: Config): Promise<void> {
  const log = createLogger('http-endpoint', config.logLevel);
  await runService(log, () => startHttpEndpoint(config, log));
}

export interface HttpEndpoint extends Service {
  /** The address that takes messages. */
  readonly url: string;
}

/** @throws OperatorError when it would be open to a network without a token, or cannot listen */
export async function startHttpEndpoint(config: Config, log: Logger): Promise<HttpEndpoint> {
  const { httpHost: host, httpPort: port, httpTokens: tokens = [], httpMaxBody: maxBodyBytes } = config;
  if (tokens.length === 0 && !isLoopback(host)) {
    throw new OperatorError(
      'IOMT_HTTP_HOST is beyond this machine and IOMT_HTTP_TOKENS is not set: set a token, or listen on 127.0.0.1',
    );
  }
  const client = createProducer(await hubAccess(config), { retryOptions: PRODUCER_RETRIES });
  const producer = new HubProducer({ client, sendWithinMs: SEND_WITHIN_MS });
  producer.open().catch((error: unknown) => {
    log.warn({ err: error }, 'the hub cannot be reached yet; each request tries again');
  });
  const send = producer.send.bind(producer);
  const server = new MessagesServer({ host, port, tokens, maxBodyBytes, send, health: () => producer.health(), log });
  const url = await listening(server, `${host}:${port}`);
  log.info({ url }, 'taking messages');
  reportReady({ url });
  return {
    url,
    ended: new Promise(() => undefined), // it ends only when it is stopped
    async stop() {
      await server.stop();
      await producer.close();
    },
  };
}

async function listening(server: MessagesServer, place: string): Promise<string> {
  try {
    return await server.start();
  } catch (error) {
    const way = 'free it, or set another (IOMT_HTTP_HOST, IOMT_HTTP_PORT)';
    throw new OperatorError(`The HTTP endpoint cannot listen on ${place}: ${way}`, { cause: error });
  }
}
