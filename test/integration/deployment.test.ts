import { Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../config/load-config.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { findTemporal } from '../../sandbox/temporal-executable.ts';
import { createLogger } from '../../service/log.ts';
import type { HealthServer } from '../../service/health-server.ts';
import { startHealthServer } from '../../service/health-server.ts';
import { prepareNamespace } from '../../worker/prepare-namespace.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes.ts';
import { TEST_TEMPORAL } from '../support/temporal-setup.ts';

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs one of the programs that the containers run beside the command line; resolves with its exit status. */
async function run(
  program: string,
  environment: Record<string, string> = {},
  ...args: string[]
): Promise<number | null> {
  const child = spawn(process.execPath, [`deploy/${program}`, ...args], {
    env: childEnvironment(environment),
    stdio: 'ignore',
  });
  children.add(child);
  const [status] = (await once(child, 'exit')) as [number | null];
  children.delete(child);
  return status;
}

describe('the health check of the image', () => {
  let isWell: boolean;
  let server: HealthServer;
  let ports: Record<string, string>;

  beforeEach(async () => {
    isWell = true;
    const [port, unused] = [await freePort(0), await freePort(0)];
    server = await startHealthServer('127.0.0.1', port, () => ({ ok: isWell, details: {} }));
    ports = { IOMT_WORKER_PORT: String(port), IOMT_BRIDGE_PORT: String(unused) };
  });
  afterEach(async () => {
    await server.stop();
  });

  test('succeeds while the one process that runs there is well, and fails while it is not', async () => {
    expect(await run('healthy.ts', ports)).toBe(0);
    isWell = false;
    expect(await run('healthy.ts', ports)).toBe(1);
  });

  test('fails where nothing answers', async () => {
    const [one, other] = [String(await freePort(0)), String(await freePort(0))];
    expect(await run('healthy.ts', { IOMT_WORKER_PORT: one, IOMT_BRIDGE_PORT: other })).toBe(1);
  });
});

describe('waiting for servers', () => {
  const servers: HealthServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  test('ends when the last of them answers with success', async () => {
    const [first, second] = [await freePort(0), await freePort(0)];
    let isReady = false;
    let askedCount = 0;
    const askedTwice = Promise.withResolvers<undefined>();
    const waiting = run('await-servers.ts', {}, ...[first, second].map((port) => `http://127.0.0.1:${port}/health`));
    servers.push(
      await startHealthServer('127.0.0.1', first, () => ({ ok: true, details: {} })),
      await startHealthServer('127.0.0.1', second, () => {
        askedCount += 1;
        if (askedCount === 2) askedTwice.resolve(undefined);
        return { ok: isReady, details: {} };
      }),
    );
    // It goes on asking while the second is not ready.
    await Promise.race([askedTwice.promise, waiting.then(() => Promise.reject(new Error('It ended too early')))]);
    isReady = true;
    expect(await waiting).toBe(0);
  });
});

describe('setting up the namespace', () => {
  let bin: string;
  let connection: Connection;
  const address = process.env[TEST_TEMPORAL] ?? '';
  const namespace = `deploy-${Date.now()}`;

  beforeAll(async () => {
    bin = await mkdtemp(join(tmpdir(), 'iomt-bin-'));
    const { IOMT_TEMPORAL_CLI: named, IOMT_CACHE_DIR: cacheDir } = process.env;
    await symlink(await findTemporal({ named, cacheDir, progress: () => undefined }), join(bin, 'temporal'));
    connection = await Connection.connect({ address });
  });
  afterAll(async () => {
    await connection.close();
    await rm(bin, { recursive: true });
  });

  test('makes it with all that the worker asks for, and does no harm when it is repeated', async () => {
    const environment = childEnvironment({
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    });
    for (let time = 0; time < 2; time++) {
      const { status } = spawnSync('sh', ['deploy/temporal/set-up-namespace.sh'], { env: environment });
      expect(status).toBe(0);
    }
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBeGreaterThanOrEqual(7 * 86_400);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(SEARCH_ATTRIBUTES.map(({ name }) => name)));
    // Types too: it refuses one of another type.
    await prepareNamespace(connection, namespace, createLogger('test', 'fatal'));
  });
});
