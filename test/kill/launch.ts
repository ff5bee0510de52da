import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTemporalServer } from '../../sandbox/temporal-server.ts';
import type { TemporalServerOptions } from '../../sandbox/temporal-server.ts';
import { Part } from './part.ts';

export const EXECUTABLE = fileURLToPath(new URL('../../cli/iomt-fhir.js', import.meta.url));
/** node:sqlite and type stripping still warn on the oldest Node that runs this. */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];

export interface CommandPartOptions {
  readonly name: string;
  /** Command of the executable that runs it. */
  readonly command: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly logFolder: string;
}

export function commandPart({ name, command, environment, logFolder }: CommandPartOptions): Part {
  return new Part(name, () => {
    const child = fork(EXECUTABLE, [command], {
      env: environment,
      execArgv: NODE_FLAGS,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const log = createWriteStream(join(logFolder, `${name}.log`), { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const ended = exited(child).finally(() => log.end());
    return { pid: pidOf(child), ready: readyMessage(child), ended };
  });
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('A process could not be started');
  return pid;
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function readyMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.on('message', (sent) => {
      if (typeof sent === 'object' && 'ready' in sent) resolve(sent);
    });
  });
}

/** The dev server as one more part; its process id is in the file that it leaves beside its database. */
export function temporalPart(options: Omit<TemporalServerOptions, 'onLine'> & { logFolder: string }): Part {
  const log = createWriteStream(join(options.logFolder, 'temporal.log'), { flags: 'a' });
  const onLine = (line: string): void => {
    log.write(`${line}\n`);
  };
  return new Part('temporal', () => {
    // It writes the file before the first await.
    const starting = startTemporalServer({ ...options, onLine });
    const pid = Number(readFileSync(join(options.dataDir, 'temporal.pid'), 'utf8'));
    const ended = starting.then(
      (server) => server.ended,
      () => undefined, // it has ended before it was ready
    );
    return { pid, ready: starting, ended };
  });
}
