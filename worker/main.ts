import { Client } from '@temporalio/client';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { NativeConnection } from '@temporalio/worker';
import { loadOtlpSettings } from '../config/otlp-settings.ts';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import type { Config } from '../config/settings.ts';
import { warnUnlessEncrypted } from '../privacy/warning.ts';
import { connectTemporal } from '../service/connect-temporal.ts';
import { startHealthServer } from '../service/health-server.ts';
import type { Logger } from '../service/log.ts';
import { createLogger } from '../service/log.ts';
import type { Metrics } from '../service/metrics.ts';
import { createMetrics } from '../service/metrics.ts';
import { otlpReaders } from '../service/otlp-reader.ts';
import type { Service } from '../service/run-service.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { joinDeployment } from '../stores/deployment-record.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { storeOf } from '../stores/store-of.ts';
import { createTemplateVersions } from '../stores/template-versions.ts';
import { prepareNamespace } from './prepare-namespace.ts';
import type { TemporalLook } from './temporal-look.ts';
import { createTemporalLook } from './temporal-look.ts';
import { observeDeployment } from './worker-gauges.ts';
import { WorkerHealth } from './worker-health.ts';
import { createWorkers, installTemporalRuntime } from './worker.ts';

/** The worker process: runs workflows and activities until it is asked to stop. */
export async function workerMain(config: Config, embeddedTemporal: string | undefined): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  installTemporalRuntime(config, log);
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
 * @throws NamespaceNotReadyError, KeysMissingError
 */
export async function startWorker(options: WorkerOptions): Promise<Service> {
  const { config, embeddedTemporal, log, signal, workflowBundle } = options;
  const otlp = loadOtlpSettings(); // or what is wrong with it comes up only when everything else is there
  warnUnlessEncrypted(config.encryptionKeys, log);
  const store = await storeOf(config);
  await joinDeployment(store, config.deployment, config.encryptionKeys !== undefined);
  const { connectionOptions, namespace = 'default' } = loadTemporalSettings(embeddedTemporal);
  const preparing = await connectTemporal({ connectionOptions, log, signal });
  try {
    await prepareNamespace(preparing, namespace, log);
  } finally {
    await preparing.close();
  }
  const connection = await NativeConnection.connect(connectionOptions);
  const look = createTemporalLook(new Client({ connection, namespace }), config.deployment);
  const metrics = startMetrics(config, store, look, await otlpReaders(otlp, log));
  const own = new WorkerHealth(look);
  const bundle = workflowBundle === undefined ? {} : { workflowBundle };
  const workers = await createWorkers({
    config,
    connection,
    namespace,
    store,
    metrics: metrics.instruments,
    health: own,
    log,
    ...bundle,
  });
  const ended = workers.run().finally(() => {
    own.noteStopped();
  });
  const health = await startHealthServer(config.listenHost, config.workerPort, () => own.health(), metrics.scrape);
  log.info({ health: health.url }, 'worker is polling');
  reportReady({ health: health.url });
  return {
    ended,
    async stop() {
      workers.shutdown();
      await ended.catch(() => undefined); // whoever runs the service has been told
      await health.stop();
      await metrics.stop();
      await connection.close(); // or the process never exits
    },
  };
}

function startMetrics(
  { deployment }: Config,
  store: ObjectStore,
  look: TemporalLook,
  readers: Awaited<ReturnType<typeof otlpReaders>>,
): Metrics<'worker'> {
  const metrics = createMetrics({ process: 'worker', deployment, readers });
  observeDeployment(metrics.instruments, look, createTemplateVersions(store, deployment));
  return metrics;
}
