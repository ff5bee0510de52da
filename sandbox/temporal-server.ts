import { Connection } from '@temporalio/client';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';
import { OperatorError } from '../core/operator-error.ts';
import { childEnvironment } from '../config/load-config.ts';

export interface TemporalServerOptions {
  readonly executable: string;
  /** Folder of its database; one server at a time. */
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  /** Where its UI has payloads decrypted; without it the UI shows them as they are. */
  readonly codecUrl?: string | undefined;
  /** Its own log, line by line. */
  readonly onLine: (line: string) => void;
}

/** A local Temporal dev server: a stand-in for trying and testing, as Temporal itself says. */
export interface TemporalServer {
  readonly address: string;
  readonly uiUrl: string;
  /** Resolves when the process has ended, however it came. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 60_000;

/**
 * Starts the dev server on a database file of its own, so that a restart loses nothing. The pragmas are worth
 * about four times the throughput of the defaults (measured).
 *
 * @throws when it does not answer within a minute
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dataDir, port, uiPort } = options;
  const pidFile = pidFileOf(dataDir);
  const child = spawn(options.executable, argumentsOf(options), {
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // Ctrl-C goes to us alone: the server is stopped last
  });
  const { pid } = child;
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  if (pid === undefined) return await failed;
  const endWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', endWithUs); // whoever exits without a stop would leave it behind
  writeFileSync(pidFile, String(pid));
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', options.onLine);
  const ended = once(child, 'exit').then(() => {
    process.off('exit', endWithUs);
    rmSync(pidFile, { force: true });
  });
  const address = `${HOST}:${port}`;
  try {
    await Promise.race([
      untilReady(address),
      ended.then(() => {
        throw new OperatorError(
          `The Temporal server ended at its start on port ${port}: it may be taken; logs/temporal.log says more`,
        );
      }),
    ]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { address, uiUrl: `http://${HOST}:${uiPort}`, ended, stop: () => stop(child, ended) };
}

function argumentsOf({ dataDir, port, uiPort, codecUrl }: TemporalServerOptions): string[] {
  const database = ['--db-filename', databaseOf(dataDir)];
  const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
  const ports = ['--ip', HOST, '--port', String(port), '--ui-ip', HOST, '--ui-port', String(uiPort)];
  const codec = codecUrl === undefined ? [] : ['--ui-codec-endpoint', codecUrl];
  return ['server', 'start-dev', ...ports, ...database, ...pragmas, ...codec, '--log-level', 'warn'];
}

function databaseOf(dataDir: string): string {
  return join(dataDir, 'temporal.db');
}

function pidFileOf(dataDir: string): string {
  return join(dataDir, 'temporal.pid');
}

/**
 * A supervisor that was killed leaves its server behind, with the database open and the port taken. It is ended, if the
 * process of that number still is that server. To be called before a port is chosen.
 */
export async function endLeftoverTemporal(dataDir: string): Promise<void> {
  const pidFile = pidFileOf(dataDir);
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (Number.isInteger(pid) && pid > 1 && (await commandOf(pid)).includes(databaseOf(dataDir))) {
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; waited < 10_000 && (await commandOf(pid)) !== ''; waited += 100) await rest(100);
  }
  rmSync(pidFile, { force: true });
}

/** The command line of a process; empty when there is none. */
async function commandOf(pid: number): Promise<string> {
  const child = spawn('ps', ['-o', 'command=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await Promise.race([once(child, 'close'), once(child, 'error')]);
  return output.trim();
}

async function untilReady(address: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2s' });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await rest(100);
    }
  }
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}
