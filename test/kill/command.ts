import { execFile } from 'node:child_process';
import { EXECUTABLE, NODE_FLAGS } from './launch.ts';
import { noteProcess } from './leftovers.ts';

export interface CommandResult {
  /** -1 when it was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ENDS_WITHIN_MS = 120_000;

/** Runs a command of the command line to its end, or until it is killed. */
export function runCommand(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  killAfterMs = ENDS_WITHIN_MS,
): Promise<CommandResult> {
  const options = { env, timeout: Math.round(killAfterMs), killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  const ended = Promise.withResolvers<CommandResult>();
  const args = [...NODE_FLAGS, EXECUTABLE, ...words];
  const child = execFile(process.execPath, args, options, (_error, stdout, stderr) => {
    ended.resolve({ code: child.exitCode ?? -1, stdout, stderr });
  });
  if (child.pid !== undefined) noteProcess(child.pid, ended.promise);
  return ended.promise;
}
