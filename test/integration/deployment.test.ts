import { Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
  const [status] = (await once(child, 'exit')) as [number | null];
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

test('waiting for servers ends when the last of them answers with success', async () => {
  const [first, second] = [await freePort(0), await freePort(0)];
  const urls = [first, second].map((port) => `http://127.0.0.1:${port}/health`);
  let isOver = false;
  let isReady = false;
  let askedCount = 0;
  const waiting = run('await-servers.ts', {}, ...urls).then((status) => {
    isOver = true;
    return status;
  });
  const ready = await startHealthServer('127.0.0.1', first, () => ({ ok: true, details: {} }));
  const secondAsked = Promise.withResolvers<undefined>();
  const late = await startHealthServer('127.0.0.1', second, () => {
    askedCount += 1;
    if (askedCount === 2) secondAsked.resolve(undefined);
    return { ok: isReady, details: {} };
  });
  await secondAsked.promise;
  expect(isOver).toBe(false);
  isReady = true;
  expect(await waiting).toBe(0);
  await ready.stop();
  await late.stop();
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
