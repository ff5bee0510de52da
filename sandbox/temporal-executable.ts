import { TestWorkflowEnvironment } from '@temporalio/testing';
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { childEnvironment } from '../config/load-config.ts';
import { OperatorError } from '../core/operator-error.ts';

/** The version that can be built from source (later ones replace a module locally, which `go install` refuses). */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const EXECUTABLE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

export interface FindTemporalOptions {
  /** An executable named by the user; nothing else is looked for then. */
  readonly named: string | undefined;
  readonly cacheDir: string | undefined;
  /** Told what is going on, in a sentence; fetching takes a while. */
  readonly progress: (line: string) => void;
  /** Ends a build that is under way. */
  readonly signal?: AbortSignal;
}

/** No `temporal` executable is to be had; the message names the ways out. */
class TemporalNotFoundError extends OperatorError {
  override readonly name = 'TemporalNotFoundError';
}

/**
 * A `temporal` executable: the one that is named, on the PATH, or in the cache folder; else the SDK's download; else
 * built by Go into the cache folder, which takes some minutes, once.
 *
 * @throws TemporalNotFoundError
 */
export async function findTemporal(options: FindTemporalOptions): Promise<string> {
  const { named, progress } = options;
  const path = childEnvironment()['PATH'] ?? '';
  if (named !== undefined) {
    if (isExecutable(named)) return named;
    throw new TemporalNotFoundError(`IOMT_TEMPORAL_CLI names ${named}, which is no executable file`);
  }
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const found = onPath(path) ?? inCache(cacheDir);
  if (found !== undefined) return found;
  mkdirSync(cacheDir, { recursive: true });
  progress('No Temporal server yet: fetching one (once).');
  const downloaded = await download(cacheDir);
  if (downloaded !== undefined) return downloaded;
  if (onPath(path, 'go') === undefined)
    throw new TemporalNotFoundError(waysOut('the download failed, and Go is not installed'));
  progress('The download is out of reach; building it with Go instead. This takes some minutes, once.');
  return await buildWithGo(cacheDir, options);
}

function waysOut(reason: string): string {
  return (
    `A Temporal server is needed and none could be fetched (${reason}). Ways out: set TEMPORAL_ADDRESS to a running ` +
    'server; install the Temporal CLI (https://docs.temporal.io/cli) on the PATH or name it in IOMT_TEMPORAL_CLI; or ' +
    'install Go, from which it is then built.'
  );
}

function onPath(path: string, name = EXECUTABLE): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** A finished build, or what the SDK downloaded earlier under a name of its own. */
function inCache(cacheDir: string): string | undefined {
  if (!existsSync(cacheDir)) return undefined;
  const names = readdirSync(cacheDir).filter((name) => name === EXECUTABLE || name.startsWith('temporal-cli-'));
  return names.map((name) => join(cacheDir, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The SDK downloads a server when it starts one; it is stopped again at once. */
async function download(cacheDir: string): Promise<string | undefined> {
  try {
    const executable = { type: 'cached-download', downloadDir: cacheDir, version: 'default' } as const;
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
    await environment.teardown();
    return inCache(cacheDir);
  } catch {
    return undefined; // no way out to the internet; the caller has another way
  }
}

async function buildWithGo(cacheDir: string, { progress, signal }: FindTemporalOptions): Promise<string> {
  // Built beside and moved by Go itself: an interrupted build leaves no half executable under the final name.
  const startedAt = performance.now();
  const ticker = setInterval(() => {
    progress(`Building the Temporal server … ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, 15_000);
  try {
    const { code, output } = await run('go', ['install', GO_MODULE], childEnvironment({ GOBIN: cacheDir }), signal);
    const built = join(cacheDir, EXECUTABLE);
    if (code === 0 && isExecutable(built)) return built;
    rmSync(built, { force: true });
    throw new TemporalNotFoundError(
      waysOut(`the download failed, and go install ended with ${code}: ${output.slice(-400)}`),
    );
  } finally {
    clearInterval(ticker);
  }
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}

function defaultCacheDir(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'iomt-fhir');
  return join(homedir(), '.cache', 'iomt-fhir');
}
