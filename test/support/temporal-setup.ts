import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../sandbox/free-port.ts';
import { findTemporal } from '../../sandbox/temporal-executable.ts';
import { startTemporalServer } from '../../sandbox/temporal-server.ts';

/** Names the server that all integration tests share; each uses a deployment of its own. */
export const TEST_TEMPORAL = 'TEST_TEMPORAL_ADDRESS';

/** One Temporal dev server for the whole run: fetched first where there is none, which may take minutes, once. */
export default async function setUp(): Promise<void> {
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const named = process.env['IOMT_TEMPORAL_CLI'];
  const executable = await findTemporal({ named, cacheDir: process.env['IOMT_CACHE_DIR'], progress });
  const dataDir = await mkdtemp(join(tmpdir(), 'iomt-temporal-'));
  const [port, uiPort] = [await freePort(0), await freePort(0)];
  const starting = startTemporalServer({ executable, dataDir, port, uiPort, onLine: () => undefined });
  // After the server's own hook, by which it ends.
  process.once('exit', () => {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal])); // by itself, it is no exit
  }
  const server = await starting;
  process.env[TEST_TEMPORAL] = server.address;
  Object.assign(globalThis, {
    stopTestTemporal: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  });
}
