import type { Command } from 'commander';
import { join } from 'node:path';
import { loadConfig, requireSetting } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { OperatorError } from '../core/operator-error.ts';
import { hubAccess } from '../service/hub-access.ts';
import { createLogger } from '../service/log.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { hasCode } from '../stores/durable-file.ts';
import type { CommandContext } from './command-context.ts';
import { print } from './command-context.ts';

/** The one policy of the embedded hub. Its key is no secret: the server listens on loopback and holds made-up data. */
const POLICIES = { RootManageSharedAccessKey: 'SAS_KEY_VALUE' };

/** Commands that run until they are stopped. Each loads only what it runs: a bridge needs no FHIR server in its memory. */
export function addServerCommands(program: Command, contextOf: () => CommandContext): void {
  program
    .command('start')
    .description('run everything on this machine; servers that no address is set for are embedded')
    // Not the context of other commands: the addresses a killed stack has left behind are not addresses that were set.
    .action(() => start(loadConfig()));
  program
    .command('worker')
    .description('run workflows and activities')
    .action(async () => {
      const { config, embeddedTemporal } = contextOf();
      const { workerMain } = await import('../worker/main.ts');
      await workerMain(config, embeddedTemporal);
    });
  program
    .command('ingest-bridge')
    .description('read the hub and hand its events over to Temporal')
    .action(async () => {
      const { config, embeddedTemporal } = contextOf();
      const { bridgeMain } = await import('../ingest-bridge/main.ts');
      await bridgeMain(config, embeddedTemporal);
    });
  program
    .command('http-endpoint')
    .description('take messages by HTTP and send them to the hub')
    .action(async () => {
      const { httpEndpointMain } = await import('../http-endpoint/main.ts');
      await httpEndpointMain(contextOf().config);
    });
  program
    .command('codec-server')
    .description('decrypt what Temporal’s UI and command line show, for whoever has a token')
    .action(async () => {
      const { codecServerMain } = await import('../privacy/main.ts');
      await codecServerMain(contextOf().config);
    });
  program
    .command('event-hubs')
    .description('run the embedded Event Hubs server (a local stand-in)')
    .action(() => eventHubs(contextOf()));
  program
    .command('fhir-server')
    .description('run the embedded FHIR R4 server (a local stand-in)')
    .action(() => fhirServer(contextOf()));
  program
    .command('simulate')
    .description('let simulated devices send, registered with their patients first')
    .action(() => simulate(contextOf()));
}

async function start(config: Config): Promise<void> {
  const { startStack } = await import('../sandbox/start.ts');
  const stopping = new AbortController();
  const stop = (): void => {
    // Asked twice: whoever asks does not want to wait for an orderly end.
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await startStack({ config, print, signal: stopping.signal });
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
}

async function eventHubs({ config }: CommandContext): Promise<void> {
  const { startEventHubsServer } = await import('../sandbox/event-hubs/event-hubs-server.ts');
  const log = createLogger('event-hubs', config.logLevel);
  await runService(log, async () => {
    const server = await listening(
      'IOMT_EVENT_HUB_PORT',
      config.eventHubPort,
      startEventHubsServer({
        dataDir: join(config.dataDir, 'event-hubs'),
        port: config.eventHubPort,
        hubs: [{ name: config.eventHubName, partitionCount: config.eventHubPartitions }],
        policies: POLICIES,
        log: (line) => {
          log.info(line);
        },
      }),
    );
    reportReady({ connectionString: server.connectionString });
    return { ended: never(), stop: () => server.stop() };
  });
}

async function fhirServer({ config }: CommandContext): Promise<void> {
  const { startFhirServer } = await import('../sandbox/fhir-server/fhir-server.ts');
  const { parseFaults } = await import('../sandbox/fhir-faults/fault-text.ts');
  const { startFaultyFhirServer } = await import('../sandbox/fhir-faults/faulty-fhir-server.ts');
  const log = createLogger('fhir-server', config.logLevel);
  const faults = parseFaults(config.fhirFaults);
  await runService(log, async () => {
    const { dataDir, fhirPort: port, fhirBehaves: behaves } = config;
    const options = { file: join(dataDir, 'fhir.db'), port, behaves, log };
    const starting = faults.length === 0 ? startFhirServer(options) : startFaultyFhirServer(options, faults);
    const server = await listening('IOMT_FHIR_PORT', port, starting);
    if (faults.length > 0) log.warn('a proxy injects faults before this server, as IOMT_FHIR_FAULTS says');
    reportReady({ fhirUrl: server.baseUrl });
    return { ended: never(), stop: () => server.stop() };
  });
}

async function simulate({ config }: CommandContext): Promise<void> {
  const { simulatedDevices } = await import('../sandbox/simulator/devices.ts');
  const { registerDevices } = await import('../sandbox/simulator/register-devices.ts');
  const { createSimulation } = await import('../sandbox/simulator/simulation.ts');
  const { startSimulator } = await import('../sandbox/simulator/simulator.ts');
  const log = createLogger('simulate', config.logLevel);
  await runService(log, async () => {
    const devices = simulatedDevices(config.simulatedDevices, Math.random);
    await registerDevices(requireSetting(config, 'fhirUrl'), devices);
    const simulation = createSimulation({ devices, faults: config.simulatedFaults, random: Math.random });
    const service = startSimulator({
      access: await hubAccess(config),
      simulation,
      intervalMs: config.simulatedInterval,
      log,
    });
    reportReady({ devices: String(devices.length) });
    return service;
  });
}

/** @throws OperatorError when the port is taken */
async function listening<Server>(setting: string, port: number, starting: Promise<Server>): Promise<Server> {
  try {
    return await starting;
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE')) throw error;
    throw new OperatorError(`Port ${port} is taken: free it, or set another (${setting})`, { cause: error });
  }
}

/** For services that end only when they are stopped. */
function never(): Promise<void> {
  return new Promise(() => undefined);
}
