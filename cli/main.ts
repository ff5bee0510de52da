import { Command } from 'commander';
import { ConfigError, loadConfig, printableConfig, readEmbeddedAddresses } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { addServerCommands } from './servers.ts';
import { addStatusCommand } from './status.ts';

/** What every command is given: the configuration, with the addresses of a running local stack where none are set. */
export interface CommandContext {
  readonly config: Config;
  readonly embeddedTemporal: string | undefined;
  readonly print: (line: string) => void;
}

/** Runs the command line. A user's mistake ends in a sentence and exit status 1, without a stack trace. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('iomt-fhir')
    .description('Device messages from Azure Event Hubs, durably through Temporal, into FHIR R4 Observations')
    .option('--print-config', 'print the settings in force, secrets masked, and end')
    .showHelpAfterError();
  addServerCommands(program, commandContext);
  addStatusCommand(program, commandContext);
  program.action((options: { printConfig?: boolean }) => {
    if (options.printConfig !== true) program.help();
    print(JSON.stringify(printableConfig(loadConfig()), null, 2));
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
  // A parent's channel would keep the process alive.
  if (process.connected) process.disconnect();
}

function commandContext(): CommandContext {
  const config = loadConfig();
  const embedded = readEmbeddedAddresses(config);
  const { eventHubConnectionString = embedded?.eventHubConnectionString, fhirUrl = embedded?.fhirUrl } = config;
  return { config: { ...config, eventHubConnectionString, fhirUrl }, embeddedTemporal: embedded?.temporalAddress, print };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const EXPECTED_ERRORS = ['NoTemplatesError', 'TemporalNotFoundError', 'NamespaceNotReadyError', 'DeploymentTakenError', 'StoreUnavailableError'];

/** What we say on purpose is said plainly; anything else is a defect, and its stack helps whoever mends it. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || EXPECTED_ERRORS.includes(error.name)) return error.message;
  return error.stack ?? error.message;
}
