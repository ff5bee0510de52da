import type { Command } from 'commander';
import { userInfo } from 'node:os';
import { OperatorError } from '../core/operator-error.ts';
import type { OperatorWord } from '../core/operator-request.ts';
import { wrongWord } from '../core/operator-request.ts';
import type { CommandContext } from './command-context.ts';

export interface Printed {
  readonly json?: boolean;
}

/** Who asks, where it is said, and why. */
export interface Explained {
  readonly by?: string;
  readonly why: string;
}

/** Adds what a request of consequence has to say. */
export function explained(command: Command): Command {
  return command
    .requiredOption('--why <reason>', 'the reason, as it is to be read later')
    .option('--by <name>', 'who asks for it (default: the name of this account)');
}

/** @throws OperatorError */
export function wordOf({ by, why }: Explained, accountName = (): string => userInfo().username): OperatorWord {
  const word = { by: by ?? nameOrNothing(accountName), why };
  const wrong = wrongWord(word);
  if (wrong === undefined) return word;
  throw new OperatorError(by === undefined && word.by === '' ? 'Say who asks for it: --by <name>' : wrong);
}

function nameOrNothing(accountName: () => string): string {
  try {
    return accountName();
  } catch {
    return ''; // an account without an entry in the system's list has no name: somebody has to give one
  }
}

export function example(command: string): string {
  return `\nExample:\n  $ npm run -s cli -- ${command}`;
}

/** To people in words, to scripts as JSON. */
export function show({ print }: CommandContext, { json }: Printed, value: unknown, words: string): void {
  print(json === true ? JSON.stringify(value, null, 2) : words);
}
