import { Command } from 'commander';
import { loadConfig, printableConfig } from '../config/load-config.ts';
import { commandContext, print } from './command-context.ts';
import { OperatorError } from '../core/operator-error.ts';
import { addSendCommand } from './send.ts';
import { addServerCommands } from './servers.ts';
import { addStatusCommand } from './status.ts';

/** Runs the command line. A user's mistake ends in a sentence and exit status 1, without a stack trace. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('iomt-fhir')
    .description('Device messages from Azure Event Hubs, durably through Temporal, into FHIR R4 Observations')
    .option('--print-config', 'print the settings in force, secrets masked, and end')
    .showHelpAfterError();
  addServerCommands(program, commandContext);
  addSendCommand(program, commandContext);
  addStatusCommand(program, commandContext);
  program.action((options: { printConfig?: boolean }) => {
    if (options.printConfig !== true) program.help();
    print(JSON.stringify(printableConfig(loadConfig()), null, 2));
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    // What had been started before the failure must not keep the process alive.
    process.stderr.write(`${describeFailure(error)}\n`, () => process.exit(1));
    return;
  }
  // A parent's channel would keep the process alive.
  if (process.connected) process.disconnect();
}

/** What we say on purpose is said plainly; anything else is a defect, and its stack helps whoever mends it. */
function describeFailure(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
