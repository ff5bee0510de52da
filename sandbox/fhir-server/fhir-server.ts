import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { FhirBehaviour } from '../../config/settings.ts';
import { closeInOrder, listen } from '../http-listening.ts';
import { traitsOf } from './behaviours.ts';
import type { FhirTraits } from './behaviours.ts';
import { capabilityStatement } from './capability-statement.ts';
import { openDatabase } from './database.ts';
import { loadDefinitions } from './definitions.ts';
import { createFhirExchange } from './fhir-exchange.ts';
import { FhirRoutes } from './fhir-routes.ts';
import { ResourceStore } from './resource-store.ts';
import { SqliteRepository } from './sqlite-repository.ts';

export interface FhirServerOptions {
  /** SQLite file, made if it does not exist; its folder has to. `:memory:` keeps everything in memory. */
  file: string;
  /** Default 127.0.0.1: there is no authentication. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Told of requests (debug) and internal errors, never of resources, ids or search criteria. */
  log?: Pick<Logger, 'debug' | 'error'>;
  /** Ways of other servers, or single traits; of two that differ, the later holds. */
  behaves?: readonly (FhirBehaviour | Partial<FhirTraits>)[];
  /** ms since the epoch; for how old a search may be that is answered as before. */
  now?: () => number;
}

export interface FhirServer {
  readonly port: number;
  /** As `http://127.0.0.1:8080/fhir`, without a slash at the end. */
  readonly baseUrl: string;
  /** Answers what has arrived, then closes the connections and the file. */
  stop(): Promise<void>;
}

/**
 * Starts a FHIR R4 server that stands in for a real one. What it has answered is in its file: the process may be
 * killed at any time. It keeps the last 20 versions of a resource, of Devices all.
 *
 * @throws when the port is taken or the file is no database
 */
export async function startFhirServer(options: FhirServerOptions): Promise<FhirServer> {
  loadDefinitions();
  const { file, host = '127.0.0.1', port: wantedPort = 0, log, now = Date.now } = options;
  const traits = traitsOf(options.behaves);
  const store = new ResourceStore(openDatabase(file));
  const server = createServer({ keepAliveTimeout: 60_000 });
  const port = await listen(server, host, wantedPort).catch((error: unknown) => {
    store.close();
    throw error;
  });
  const baseUrl = `http://${host}:${port}/fhir`;
  const exchange = createFhirExchange({
    router: new FhirRoutes(traits, now, (error) => log?.error({ err: error }, 'FHIR request failed')),
    repository: new SqliteRepository(store, baseUrl, traits),
    baseUrl,
    traits,
    metadata: lazily(() => JSON.stringify(capabilityStatement(baseUrl, traits, new Date()))),
  });
  const open = new Set<Promise<unknown>>();
  server.on('request', (request, response) => {
    const startedAt = performance.now();
    const closed = once(response, 'close').then(() => {
      open.delete(closed);
      const { method } = request;
      log?.debug({ method, status: response.statusCode, durationMs: performance.now() - startedAt }, 'FHIR request');
    });
    open.add(closed);
    void exchange(request, response);
  });
  return { port, baseUrl, stop: () => stop(server, open, store) };
}

async function stop(server: Server, open: ReadonlySet<Promise<unknown>>, store: ResourceStore): Promise<void> {
  if (!server.listening) return;
  await closeInOrder(server, open);
  store.close();
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
