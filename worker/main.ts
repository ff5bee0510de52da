import type { WorkflowBundleOption } from '@temporalio/worker';
import { NativeConnection } from '@temporalio/worker';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import type { Config } from '../config/settings.ts';
import { connectTemporal } from '../service/connect-temporal.ts';
import { startHealthServer } from '../service/health-server.ts';
import type { Logger } from '../service/log.ts';
import { createLogger } from '../service/log.ts';
import type { Service } from '../service/run-service.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { storeOf } from '../stores/store-of.ts';
import { prepareNamespace } from './prepare-namespace.ts';
import { createWorkers, installTemporalRuntime } from './worker.ts';

/** The worker process: runs workflows and activities until it is asked to stop. */
export async function workerMain(config: Config, embeddedTemporal: string | undefined): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  installTemporalRuntime(log);
  await runService(log, (signal) => startWorker({ config, embeddedTemporal, log, signal }));
}

export interface WorkerOptions {
  readonly config: Config;
  readonly embeddedTemporal: string | undefined;
  readonly log: Logger;
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal;
  /** Built once where several workers start in one process. */
  readonly workflowBundle?: WorkflowBundleOption;
}

/**
 * Starts polling. The namespace is made ready first: workflows of one without the search attributes would be stuck at
 * their first trouble.
 *
 * @throws NamespaceNotReadyError
 */
export async function startWorker(options: WorkerOptions): Promise<Service> {
  const { config, embeddedTemporal, log, signal, workflowBundle } = options;
  const store = await storeOf(config);
  const { connectionOptions, namespace = 'default' } = loadTemporalSettings(embeddedTemporal);
  const preparing = await connectTemporal({ connectionOptions, log, signal });
  try {
    await prepareNamespace(preparing, namespace, log);
  } finally {
    await preparing.close();
  }
  const connection = await NativeConnection.connect(connectionOptions);
  const bundle = workflowBundle === undefined ? {} : { workflowBundle };
  const workers = await createWorkers({ config, connection, namespace, store, log, ...bundle });
  let isRunning = true;
  const ended = workers.run().finally(() => {
    isRunning = false;
  });
  const health = await startHealthServer(config.listenHost, config.workerPort, () => ({ ok: isRunning, details: {} }));
  log.info({ health: health.url }, 'worker is polling');
  reportReady({ health: health.url });
  return {
    ended,
    async stop() {
      workers.shutdown();
      await ended.catch(() => undefined); // whoever runs the service has been told
      await health.stop();
      await connection.close(); // or the process never exits
    },
  };
}
