import { Client, Connection } from '@temporalio/client';
import type { CommandResult } from './command.ts';
import { runCommand } from './command.ts';
import type { Part } from './part.ts';
import { temporalPart } from './launch.ts';
import type { Proxy } from './proxy.ts';
import { registerDevices } from './registration.ts';
import type { Bridge, Site, Writer } from './site.ts';
import { bridgeAt, prepareSite, serverAt, workerAt } from './site.ts';

interface Parts {
  readonly temporal: Part;
  readonly hub: Part;
  readonly fhir: Part;
  /** The second of each runs only while the first is stopped. */
  readonly workers: readonly [Writer, Writer];
  readonly bridges: readonly [Bridge, Bridge];
}

/** The whole system in processes of its own, each to be killed, with the test between them. */
export interface System extends Parts, Pick<Site, 'dataDir' | 'fhirUrl' | 'connectionString'> {
  /** Every one of them. */
  readonly all: readonly Part[];
  readonly proxies: readonly Proxy[];
  readonly client: Client;
  /** Runs a command of the command line to its end, or until it is killed. */
  command(words: readonly string[], killAfterMs?: number): Promise<CommandResult>;
  /** Ends everything at once. */
  end(): Promise<void>;
}

/** Starts everything but the second worker and bridge. @param executable Temporal's command line */
export async function startSystem(dataDir: string, executable: string): Promise<System> {
  const site = await prepareSite(dataDir);
  const parts = await partsAt(site, executable);
  const writers = [...parts.workers, ...parts.bridges];
  const all = [parts.temporal, parts.hub, parts.fhir, ...writers.map(({ part }) => part)];
  const proxies = [site.toHub, ...writers.flatMap(({ writes, polls }) => (polls ? [writes, polls] : [writes]))];
  let connection: Connection | undefined;
  const end = async (): Promise<void> => {
    await connection?.close();
    await Promise.all(all.map((part) => part.kill()));
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  };
  try {
    await startParts(parts, site.fhirUrl);
    connection = await Connection.connect({ address: site.temporalAddress });
    const command = (words: readonly string[], killAfterMs?: number) =>
      runCommand(words, site.environment, killAfterMs);
    return { ...site, ...parts, all, proxies, client: new Client({ connection }), command, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function partsAt(site: Site, executable: string): Promise<Parts> {
  const { dataDir, logFolder, ports } = site;
  return {
    temporal: temporalPart({ executable, dataDir, port: ports.temporal, uiPort: ports.temporalUi, logFolder }),
    hub: serverAt(site, 'event-hubs'),
    fhir: serverAt(site, 'fhir-server'),
    workers: [await workerAt(site, 'worker-1'), await workerAt(site, 'worker-2')],
    bridges: [await bridgeAt(site, 'ingest-bridge-1'), await bridgeAt(site, 'ingest-bridge-2')],
  };
}

async function startParts({ temporal, hub, fhir, workers, bridges }: Parts, fhirUrl: string): Promise<void> {
  await Promise.all([temporal.start(), hub.start(), fhir.start()]);
  await registerDevices(fhirUrl);
  await Promise.all([workers[0].part.start(), bridges[0].part.start()]);
}
