import { Command } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { loadConfig, printableConfig } from '../config/load-config.ts';
import { commandContext, print } from './command-context.ts';
import { OperatorError } from '../core/operator-error.ts';
import { hasCode } from '../stores/durable-file.ts';
import { addBatchesCommand } from './batches.ts';
import { addDeadLettersCommand } from './dead-letters.ts';
import { addObservationCommand } from './observation.ts';
import { addSendCommand } from './send.ts';
import { addServerCommands } from './servers.ts';
import { addStatusCommand } from './status.ts';
import { addTestCommand } from './test.ts';
import { addValidateCommand } from './validate.ts';

const { version: VERSION } = packageFile;

/** Runs the command line. A user's mistake ends in a sentence and exit status 1, without a stack trace. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('iomt-fhir')
    .description('Device messages from Azure Event Hubs, durably through Temporal, into FHIR R4 Observations')
    .version(VERSION)
    .option('--print-config', 'print the settings in force, secrets masked, and end')
    .showHelpAfterError('Run it with --help to see the commands.')
    .on('option:print-config', () => {
      print(JSON.stringify(printableConfig(loadConfig()), null, 2));
      process.exit(0);
    });
  addServerCommands(program, commandContext);
  addSendCommand(program, commandContext);
  addStatusCommand(program, commandContext);
  addBatchesCommand(program, commandContext);
  addDeadLettersCommand(program, commandContext);
  addTestCommand(program);
  addValidateCommand(program);
  addObservationCommand(program, commandContext);
  // Whoever reads the output may have seen enough (`| head`).
  process.stdout.on('error', (error) => {
    if (!hasCode(error, 'EPIPE')) throw error;
    process.exit();
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
