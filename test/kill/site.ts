import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SettingName } from '../../config/settings.ts';
import { writeDemoTemplates } from '../../sandbox/demo-templates.ts';
import type { Part } from './part.ts';
import { commandPart } from './launch.ts';
import type { Proxy } from './proxy.ts';
import { startProxy } from './proxy.ts';
import { childEnvironment, connectionStringOf, environmentOf, portChooser, SHORT_SETTINGS } from './settings.ts';
import { observationPuts, signalCalls } from './write-spotters.ts';

/** Where the store really is, beside `store`, which points to it. */
export const REAL_STORE = 'store-folder';

/** Where everything is to be, before anything runs. */
export interface Site {
  readonly dataDir: string;
  readonly logFolder: string;
  readonly ports: {
    readonly temporal: number;
    readonly temporalUi: number;
    readonly hub: number;
    readonly fhir: number;
  };
  readonly nextPort: () => Promise<number>;
  readonly toHub: Proxy;
  readonly fhirUrl: string;
  readonly temporalAddress: string;
  /** Through the proxy. */
  readonly connectionString: string;
  /** Of every process, but for where it goes by a way of its own. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A part with a way of its own to where it writes: who holds a write there knows whose it is. */
export interface Writer {
  readonly part: Part;
  readonly writes: Proxy;
  /** Of its writes; what is there more often is picked more often. */
  readonly kinds: readonly string[];
  /** By which it asks for tasks, where that is another way. */
  readonly polls?: Proxy;
}

export interface Bridge extends Writer {
  readonly healthUrl: string;
}

export async function prepareSite(dataDir: string): Promise<Site> {
  const logFolder = join(dataDir, 'logs');
  for (const folder of [logFolder, join(dataDir, REAL_STORE)]) await mkdir(folder, { recursive: true });
  await symlink(join(dataDir, REAL_STORE), join(dataDir, 'store'));
  const next = portChooser();
  const ports = { temporal: await next(), temporalUi: await next(), hub: await next(), fhir: await next() };
  const toHub = await startProxy({ targetPort: ports.hub });
  const fhirUrl = fhirAt(ports.fhir);
  const temporalAddress = temporalAt(ports.temporal);
  const connectionString = connectionStringOf(toHub.port);
  const settings = childEnvironment({
    ...SHORT_SETTINGS,
    ...writeDemoTemplates(join(dataDir, 'templates')),
    dataDir,
    eventHubPort: String(ports.hub),
    eventHubConnectionString: connectionString,
    fhirPort: String(ports.fhir),
    fhirUrl,
    workerPort: '0',
  });
  const environment = { ...settings, TEMPORAL_ADDRESS: temporalAddress };
  return { dataDir, logFolder, ports, nextPort: next, toHub, fhirUrl, temporalAddress, connectionString, environment };
}

export function serverAt({ environment, logFolder }: Site, command: string): Part {
  return commandPart({ name: command, command, environment, logFolder });
}

export async function workerAt(site: Site, name: string): Promise<Writer> {
  const toFhir = await startProxy({ targetPort: site.ports.fhir, spotter: observationPuts });
  const toTemporal = await startProxy({ targetPort: site.ports.temporal });
  return {
    part: partAt(site, { name, command: 'worker', toTemporal, settings: { fhirUrl: fhirAt(toFhir.port) } }),
    writes: toFhir,
    kinds: ['sampled', 'sampled', 'single'],
    polls: toTemporal,
  };
}

export async function bridgeAt(site: Site, name: string): Promise<Bridge> {
  const spotter = (): ReturnType<typeof signalCalls> => signalCalls('deviceMeasurements');
  const toTemporal = await startProxy({ targetPort: site.ports.temporal, spotter });
  const bridgePort = String(await site.nextPort());
  return {
    part: partAt(site, { name, command: 'ingest-bridge', toTemporal, settings: { bridgePort } }),
    writes: toTemporal,
    kinds: ['signal'],
    healthUrl: `http://127.0.0.1:${bridgePort}/health`,
  };
}

interface PartWithOwnWays {
  readonly name: string;
  readonly command: string;
  readonly toTemporal: Proxy;
  readonly settings: Partial<Record<SettingName, string>>;
}

function partAt({ environment, logFolder }: Site, { name, command, toTemporal, settings }: PartWithOwnWays): Part {
  const own = { ...environmentOf(settings), TEMPORAL_ADDRESS: temporalAt(toTemporal.port) };
  return commandPart({ name, command, environment: { ...environment, ...own }, logFolder });
}

function fhirAt(port: number): string {
  return `http://127.0.0.1:${port}/fhir`;
}

function temporalAt(port: number): string {
  return `127.0.0.1:${port}`;
}
