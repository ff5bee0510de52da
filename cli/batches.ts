import type { Command } from 'commander';
import { addAssignCommand } from './batches/assign.ts';
import { addDeadLetterCommand } from './batches/dead-letter.ts';
import { addLookCommands } from './batches/look.ts';
import { addMoveCommands } from './batches/move.ts';
import { addRecoverCommand } from './batches/recover.ts';
import type { CommandContext } from './command-context.ts';

/** Lets operators see and move what workflows hold. */
export function addBatchesCommand(program: Command, contextOf: () => CommandContext): void {
  const batches = program.command('batches').description('what workflows hold: see it, and move it');
  addLookCommands(batches, contextOf);
  addMoveCommands(batches, contextOf);
  addAssignCommand(batches, contextOf);
  addDeadLetterCommand(batches, contextOf);
  addRecoverCommand(batches, contextOf);
}
