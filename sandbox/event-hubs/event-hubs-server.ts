import { once } from 'node:events';
import { isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as endOfTurn, setTimeout as delay } from 'node:timers/promises';
import rhea from 'rhea';
import { AmqpService, MAX_MESSAGE_BYTES } from './amqp-service.ts';
import { lockFolder } from '../folder-lock.ts';
import { Hub, type HubDefinition } from './hub.ts';
import { offerAnonymousSasl } from './rhea-internals.ts';
import type { AccessPolicies } from './shared-access-signature.ts';

export interface EventHubsServerOptions {
  /** Made if it is missing; a running server has it to itself. Wipe it only together with every checkpoint store. */
  readonly dataDir: string;
  /** The address to listen on; this machine alone (127.0.0.1) by default: traffic is not encrypted. */
  readonly host?: string;
  /** 0, the default, takes any free one. */
  readonly port?: number;
  readonly hubs: readonly HubDefinition[];
  /** Names and keys of the shared access policies, at least one; each may send and listen. */
  readonly policies: AccessPolicies;
  /** Key and certificate in PEM: with them it speaks TLS only, as Event Hubs does, and takes tokens of Entra ID too. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What each hub keeps, on disk: 256 MiB by default. Forgotten in steps of an eighth. */
  readonly retentionBytes?: number;
  /** How long each hub keeps an event: 7 days by default. Forgotten in steps of an eighth. */
  readonly retentionMs?: number;
  /** Whether what is acknowledged survives a loss of power, not only the end of the process: true by default. */
  readonly sync?: boolean;
  /** Takes a line on what went wrong or was refused; never holds an event's content or a key. */
  readonly log?: (line: string) => void;
}

export interface EventHubsServer {
  readonly port: number;
  /** Of the first policy, for the SDKs: `UseDevelopmentEmulator=true` makes them speak plain TCP. */
  readonly connectionString: string;
  /** Cuts every connection as a network would. @returns how many there were */
  dropConnections(): number;
  /** Stores and acknowledges what has arrived, then closes. Safe to call twice. */
  stop(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_RETENTION_BYTES = 256 * 2 ** 20;
const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000;
const MAX_RETENTION_CHECK_MS = 60_000;
const MIN_RETENTION_CHECK_MS = 100;
/** How long `stop` waits for clients to see the end of their connection. */
const CLOSING_MS = 250;
const LISTEN_OPTIONS = {
  max_frame_size: 65_536,
  channel_max: 4999,
  idle_time_out: 240_000,
  tcp_no_delay: true,
  properties: { product: 'event-hubs-sandbox' },
  receiver_options: { autoaccept: false, credit_window: 0, max_message_size: MAX_MESSAGE_BYTES },
  sender_options: { autosettle: true, max_message_size: MAX_MESSAGE_BYTES },
};

/**
 * Starts a server that the unmodified Event Hubs SDKs can talk to. Events survive restarts and crashes: a send is
 * acknowledged when its events are on disk.
 *
 * @throws if the folder is in use or damaged, a hub is configured with another partition count than it has, or the port
 *   is taken
 */
export async function startEventHubsServer(options: EventHubsServerOptions): Promise<EventHubsServer> {
  const [policy] = Object.entries(options.policies);
  if (policy === undefined) throw new Error('An Event Hubs server needs at least one shared access policy');
  const names = new Set(options.hubs.map(({ name }) => name.toLowerCase()));
  if (names.size < options.hubs.length) throw new Error('Two hubs have the same name; case does not tell them apart');
  const unlock = await lockFolder(options.dataDir);
  const opened: Hub[] = [];
  try {
    for (const definition of options.hubs) opened.push(await openHub(definition, options));
    const service = createService(opened, options);
    const { server, sockets } = await listen(service, options);
    return runningServer({ server, sockets, service, hubs: opened, unlock, options, policy });
  } catch (error) {
    for (const hub of opened) await hub.close();
    await unlock();
    throw error;
  }
}

function openHub(definition: HubDefinition, options: EventHubsServerOptions): Promise<Hub> {
  return Hub.open(definition, options.dataDir, {
    retentionBytes: options.retentionBytes ?? DEFAULT_RETENTION_BYTES,
    retentionMs: options.retentionMs ?? DEFAULT_RETENTION_MS,
    sync: options.sync ?? true,
    log: logOf(options),
  });
}

function createService(hubs: readonly Hub[], options: EventHubsServerOptions): AmqpService {
  const byName = new Map(hubs.map((hub) => [hub.name.toLowerCase(), hub]));
  return new AmqpService({
    hubs: byName,
    rules: { policies: options.policies, takesEntraId: options.tls !== undefined },
    log: logOf(options),
  });
}

async function listen(service: AmqpService, options: EventHubsServerOptions): Promise<Listening> {
  const container = rhea.create_container({ id: 'event-hubs-sandbox' });
  offerAnonymousSasl(container);
  service.listenTo(container);
  const { host = DEFAULT_HOST, port = 0, tls } = options;
  const server = container.listen({ ...LISTEN_OPTIONS, ...(tls && { transport: 'tls', ...tls }), host, port });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await once(server, 'listening'); // rejects when there is an error instead
  server.on('error', (error: Error) => {
    logOf(options)(`the server had an error: ${error.message}`);
  });
  return { server, sockets };
}

interface Listening {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

interface Running extends Listening {
  readonly service: AmqpService;
  readonly hubs: readonly Hub[];
  readonly unlock: () => Promise<void>;
  readonly options: EventHubsServerOptions;
  readonly policy: readonly [name: string, key: string];
}

function runningServer(running: Running): EventHubsServer {
  const { server, sockets, options, policy } = running;
  const { port } = server.address() as AddressInfo;
  const retention = keepRetention(running);
  let stopping: Promise<void> | undefined;
  return {
    port,
    connectionString: connectionString(options, port, policy),
    dropConnections: () => drop(sockets),
    stop: () => (stopping ??= stop(running, retention)),
  };
}

async function stop({ server, sockets, service, hubs, unlock }: Running, retention: NodeJS.Timeout): Promise<void> {
  clearInterval(retention);
  service.stop();
  const closed = new Promise((resolve) => server.close(resolve));
  for (const hub of hubs) await hub.close();
  await endOfTurn(); // the acknowledgements of the last writes are on their way
  for (const socket of sockets) socket.end();
  await Promise.race([closed, delay(CLOSING_MS, undefined, { ref: false })]);
  drop(sockets);
  await closed;
  await unlock();
}

/** An error makes rhea see the end of the connection and stop its timers; a bare `destroy` would go unnoticed. */
function drop(sockets: ReadonlySet<Socket>): number {
  const dropped = [...sockets];
  for (const socket of dropped) socket.destroy(new Error('The connection was dropped'));
  return dropped.length;
}

function keepRetention({ hubs, options }: Running): NodeJS.Timeout {
  const eighthMs = (options.retentionMs ?? DEFAULT_RETENTION_MS) / 8;
  const checkMs = Math.min(MAX_RETENTION_CHECK_MS, Math.max(MIN_RETENTION_CHECK_MS, eighthMs));
  const check = (): void => {
    for (const hub of hubs) {
      hub.retain(Date.now()).catch((error: unknown) => {
        logOf(options)(`the retention of hub ${hub.name} was not applied: ${String(error)}`);
      });
    }
  };
  return setInterval(check, checkMs).unref();
}

function connectionString(
  { host = DEFAULT_HOST, tls }: EventHubsServerOptions,
  port: number,
  [name, key]: readonly [string, string],
): string {
  const address = isIPv6(host) ? `[${host}]` : host;
  const endpoint = `Endpoint=sb://${address}:${port}`;
  const plain = tls === undefined ? ';UseDevelopmentEmulator=true' : '';
  return `${endpoint};SharedAccessKeyName=${name};SharedAccessKey=${key}${plain}`;
}

function logOf({ log }: EventHubsServerOptions): (line: string) => void {
  return log ?? (() => undefined);
}
