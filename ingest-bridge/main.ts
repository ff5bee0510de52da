import type { EventHubConsumerClientOptions } from '@azure/event-hubs';
import { Client } from '@temporalio/client';
import { setInterval as every } from 'node:timers/promises';
import { idHashKeyOf } from '../config/id-hash-key.ts';
import { requireSetting } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { loadOtlpSettings } from '../config/otlp-settings.ts';
import { taskQueuesOf } from '../config/task-queues.ts';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import { namingOf } from '../core/naming.ts';
import { dataConverterOf } from '../privacy/data-converter.ts';
import { warnUnlessEncrypted } from '../privacy/warning.ts';
import { connectTemporal } from '../service/connect-temporal.ts';
import type { HubAccess } from '../service/hub-access.ts';
import { createConsumer, hubAccess } from '../service/hub-access.ts';
import type { Health } from '../service/health-server.ts';
import { startHealthServer } from '../service/health-server.ts';
import type { Logger } from '../service/log.ts';
import { createLogger } from '../service/log.ts';
import { createMetrics } from '../service/metrics.ts';
import type { Instruments } from '../service/metrics.ts';
import { otlpReaders } from '../service/otlp-reader.ts';
import type { Service } from '../service/run-service.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { createClaims } from '../stores/claims.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import { claimDeployment } from '../stores/deployment-record.ts';
import { createLedgers } from '../stores/ledgers.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { storeOf } from '../stores/store-of.ts';
import { createStreams } from '../stores/streams.ts';
import { createTemplateVersions } from '../stores/template-versions.ts';
import { createDeviceContents } from './active-content.ts';
import { createBackPressure } from './back-pressure.ts';
import { Bridge } from './bridge.ts';
import { observeBridge } from './bridge-gauges.ts';
import { namespaceOf } from './current-stream.ts';
import { createDispatch } from './dispatch.ts';
import { meteredDispatch } from './intake-meter.ts';
import type { PartitionIntakeDeps } from './partition-intake.ts';
import { createTemplateActivation } from './template-activation.ts';
import type { TemplateActivation, TemplateFiles } from './template-activation.ts';
import { workflowSettings } from './workflow-settings.ts';

/**
 * The SDK's own defaults wait for a minute and a half after a cut connection, and give a partition up after a few
 * failures (measured); these reconnect within seconds and never give up.
 */
const RETRY_OPTIONS = { maxRetries: 1000, retryDelayInMs: 500, maxRetryDelayInMs: 15_000, timeoutInMs: 10_000 };

/** The ingest bridge process: reads the hub and hands over to Temporal until it is asked to stop. */
export async function bridgeMain(config: Config, embeddedTemporal: string | undefined): Promise<void> {
  const log = createLogger('ingest-bridge', config.logLevel);
  await runService(log, (signal) => startBridge({ config, embeddedTemporal, log, signal }));
}

export interface BridgeOptions {
  readonly config: Config;
  readonly embeddedTemporal: string | undefined;
  readonly log: Logger;
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal;
}

/** Starts reading; the deployment's name is claimed, and the templates are looked at, first. */
export async function startBridge({ config, embeddedTemporal, log, signal }: BridgeOptions): Promise<Service> {
  const naming = namingOf(config.deployment, idHashKeyOf(config));
  const otlp = loadOtlpSettings(); // or what is wrong with it comes up only when everything else is there
  warnUnlessEncrypted(config.encryptionKeys, log);
  const store = await storeOf(config);
  const access = await hubAccess(config);
  const asking = createConsumer(access, config.consumerGroup, clientOptions(config));
  await claimDeployment(store, config.deployment, {
    namespace: namespaceOf(asking),
    hub: asking.eventHubName,
    consumerGroup: config.consumerGroup,
    deviceNames: naming.fingerprint,
    isEncrypted: config.encryptionKeys !== undefined,
  });
  await asking.close();

  const versions = createTemplateVersions(store, config.deployment);
  const templates = createTemplateActivation(versions, templateFilesOf(config), log);
  await templates.refresh();
  const { connectionOptions, namespace } = loadTemporalSettings(embeddedTemporal);
  const connection = await connectTemporal({ connectionOptions, log, signal });
  const dataConverter = dataConverterOf(config.encryptionKeys);
  const client = new Client({ connection, namespace: namespace ?? 'default', dataConverter });
  const readers = await otlpReaders(otlp, log);
  const metrics = createMetrics({ process: 'ingest-bridge', deployment: config.deployment, readers });
  const bridge = createBridge({ config, store, client, access, metrics: metrics.instruments, log });
  observeBridge(metrics.instruments, { bridge, templates, versions });
  const watching = new AbortController();
  const watch = watchTemplates(templates, config.templatePollInterval, watching.signal, log);
  const ended = bridge.run();
  const healthOf = (): Health => {
    const refused = templates.refused().map(({ kind, version, issues }) => ({ kind, version, issues }));
    const { details, ...state } = bridge.health();
    return { ...state, details: { ...details, refusedTemplates: refused } };
  };
  const health = await startHealthServer(config.listenHost, config.bridgePort, healthOf, metrics.scrape);
  log.info({ health: health.url }, 'ingest bridge is reading');
  reportReady({ health: health.url });
  return {
    ended,
    async stop() {
      watching.abort();
      bridge.stop();
      await ended.catch(() => undefined); // runService has been told
      await watch;
      await health.stop();
      await metrics.stop();
      await connection.close();
    },
  };
}

interface BridgeParts {
  readonly config: Config;
  readonly store: ObjectStore;
  readonly client: Client;
  readonly access: HubAccess;
  readonly metrics: Instruments<'ingest-bridge'>;
  readonly log: Logger;
}

function createBridge({ config, store, client, access, metrics, log }: BridgeParts): Bridge {
  const { deployment } = config;
  const ledgers = createLedgers(store, deployment);
  const naming = namingOf(deployment, idHashKeyOf(config));
  const queues = taskQueuesOf(deployment);
  const settingsFor = (type: string) => workflowSettings(config, type, queues.fhir);
  const intake: Omit<PartitionIntakeDeps, 'lastEnqueued'> = {
    deployment,
    naming,
    ledgers,
    claims: createClaims(store, deployment),
    deadLetters: createDeadLetters(store, deployment),
    contents: createDeviceContents(createTemplateVersions(store, deployment)),
    dispatch: meteredDispatch(
      createDispatch({ client, taskQueue: queues.workflows, naming, settingsFor, tellsSettings: true }),
      metrics,
    ),
    backPressure: createBackPressure({ client, taskQueue: queues.workflows }),
    signalConcurrency: config.signalConcurrency,
    metrics,
    log,
    now: () => new Date(),
  };
  return new Bridge({
    connect: (checkpoints) => createConsumer(access, config.consumerGroup, clientOptions(config), checkpoints),
    store,
    streams: createStreams(store, deployment),
    ledgers,
    intake,
    dispatchIntervalMs: config.dispatchInterval,
    receiveBatchSize: config.receiveBatchSize,
    ownershipExpiryMs: config.ownershipExpiry,
    lagIntervalMs: config.lagInterval,
    unreadAfterMs: config.unreadAfter,
    log,
  });
}

function clientOptions({ ownershipExpiry }: Config): EventHubConsumerClientOptions {
  return {
    retryOptions: RETRY_OPTIONS,
    loadBalancingOptions: {
      // Each look claims every partition that is free, not one at a time; several bridges still share evenly.
      strategy: 'greedy',
      updateIntervalInMs: Math.max(500, Math.round(ownershipExpiry / 6)),
      partitionOwnershipExpirationIntervalInMs: ownershipExpiry,
    },
  };
}

function templateFilesOf(config: Config): TemplateFiles | undefined {
  const { deviceContentFile, fhirMappingFile } = config;
  if (deviceContentFile === undefined && fhirMappingFile === undefined) return undefined;
  return {
    deviceContent: requireSetting(config, 'deviceContentFile'),
    fhirMapping: requireSetting(config, 'fhirMappingFile'),
  };
}

async function watchTemplates(
  templates: TemplateActivation,
  intervalMs: number,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  try {
    for await (const _ of every(intervalMs, undefined, { signal })) {
      await templates.refresh().catch((error: unknown) => {
        log.warn({ err: error }, 'the template files could not be looked at; the pair in force goes on');
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
