import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createStream } from 'rotating-file-stream';
import { z } from 'zod';
import { OperatorError } from '../core/operator-error.ts';
import { childEnvironment } from '../config/load-config.ts';

export interface PartOptions {
  /** Command of the executable that runs this part. */
  readonly command: string;
  /** Settings it is to have, besides what this process has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFolder: string;
  /** Aborted when the stack is to stop: a part that is not ready yet is not waited for. */
  readonly signal: AbortSignal;
  /** Log lines that a person should see, and what happens to the process. */
  readonly notice: (line: string) => void;
}

/** One process of the local stack. It is started again when it ends by itself. */
export interface Part {
  readonly name: string;
  /** What it reported when it was ready. */
  readonly details: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const EXECUTABLE = fileURLToPath(new URL('../cli/iomt-fhir.js', import.meta.url));
const LogLine = z.object({
  level: z.number(),
  msg: z.string(),
  file: z.string().exactOptional(),
  issues: z
    .array(
      z.object({ severity: z.string(), code: z.string(), line: z.number(), column: z.number(), message: z.string() }),
    )
    .exactOptional(),
  err: z.object({ message: z.string().exactOptional() }).exactOptional(),
});
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** Starts a part and waits until it says that it can be used. @throws when it ends or says nothing for a minute */
export async function startPart(options: PartOptions): Promise<Part> {
  const { command, notice } = options;
  const writeLog = openLog(options.logFolder, command);
  let isStopping = false;
  let child = spawnPart(options, writeLog);
  const details = await ready(child, options).catch((error: unknown) => {
    child.kill('SIGKILL'); // nobody would watch it
    throw error;
  });
  const watch = async (): Promise<void> => {
    for (let restMs = 1000; ; restMs = Math.min(restMs * 2, 30_000)) {
      const startedAt = performance.now();
      await exited(child);
      if (isStopping) return;
      if (performance.now() - startedAt > 60_000) restMs = 1000;
      notice(`${command} ended; starting it again`);
      await rest(restMs);
      // The stop may have come during the rest; TypeScript cannot see that it is set elsewhere.
      if (isStopping as boolean) return;
      child = spawnPart(options, writeLog);
    }
  };
  const watching = watch();
  return {
    name: command,
    details,
    async stop() {
      isStopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        notice(`${command} did not stop in time and was ended`);
        child.kill('SIGKILL');
      }, STOP_WITHIN_MS);
      await exited(child);
      clearTimeout(timer);
      await watching;
    },
  };
}

function spawnPart({ command, environment, notice }: PartOptions, writeLog: (line: string) => void): ChildProcess {
  const child = fork(EXECUTABLE, [command], {
    env: childEnvironment(environment),
    // node:sqlite and type stripping still warn on the oldest Node that runs this.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // A group of its own: Ctrl-C goes to the supervisor, which stops the parts in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const onLine = (line: string): void => {
    writeLog(line);
    const worth = noticeOf(command, line);
    if (worth !== undefined) notice(worth);
  };
  for (const input of [child.stdout, child.stderr]) if (input !== null) createInterface({ input }).on('line', onLine);
  return child;
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function ready(
  child: ChildProcess,
  { command, logFolder, signal }: PartOptions,
): Promise<Record<string, string>> {
  const message = new Promise<Record<string, string>>((resolve) => {
    child.on('message', (sent) => {
      if (typeof sent === 'object' && 'ready' in sent) resolve(sent.ready as Record<string, string>);
    });
  });
  const ended = exited(child).then(() =>
    Promise.reject(
      new OperatorError(`${command} ended before it was ready; ${join(logFolder, `${command}.log`)} says why`),
    ),
  );
  const late = rest(READY_WITHIN_MS, undefined, { ref: false, signal }).then(() =>
    Promise.reject(
      new OperatorError(`${command} was not ready within a minute; ${join(logFolder, `${command}.log`)} says why`),
    ),
  );
  const details = await Promise.race([message, ended, late]);
  ended.catch(() => undefined); // from here on, its end is the watcher's
  late.catch(() => undefined); // nobody waits for it any more
  return details;
}

/** Ten megabytes a file, the last few kept: a stack that runs for weeks must not fill the disk. */
export function openLog(folder: string, name: string): (line: string) => void {
  const stream = createStream(`${name}.log`, { path: folder, size: '10M', maxFiles: 3 });
  return (line) => stream.write(`${line}\n`);
}

/** Warnings and errors of a structured log, and whatever is no structured log at all. */
function noticeOf(command: string, line: string): string | undefined {
  const entry = parseLine(line);
  if (entry === undefined) return line.trim() === '' ? undefined : `${command}: ${line}`;
  if (entry.level < 40) return undefined;
  const reason = entry.err?.message === undefined ? '' : ` (${entry.err.message})`;
  const issues = (entry.issues ?? []).filter(({ severity }) => severity === 'error');
  const lines = issues.map((issue) => {
    return `  ${entry.file ?? ''}:${issue.line}:${issue.column} ${issue.code} ${issue.message}`;
  });
  return [`${command}: ${entry.msg}${reason}`, ...lines].join('\n');
}

function parseLine(line: string): z.infer<typeof LogLine> | undefined {
  try {
    return LogLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // not a log line of ours: shown as it is
  }
}
