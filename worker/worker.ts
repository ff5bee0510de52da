import type { Context } from '@temporalio/activity';
import type { NativeConnection, WorkflowBundleOption } from '@temporalio/worker';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { createHttpFhirClient } from '../activities/http-fhir-client.ts';
import { Breaker, withBreaker } from '../activities/breaker.ts';
import { createIdentityActivities } from '../activities/identity.ts';
import { createKeepingActivities } from '../activities/keeping.ts';
import { meteredFhirClient } from '../activities/metered-fhir-client.ts';
import { createObservationActivities } from '../activities/observations.ts';
import { ServerTraits } from '../activities/server-traits.ts';
import { requireSetting } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { taskQueuesOf } from '../config/task-queues.ts';
import { DecryptionError } from '../core/decryption-error.ts';
import type { DeliveryInput, DeliveryOutcome } from '../core/delivery.ts';
import { dataConverterOf, failureConverterOf } from '../privacy/data-converter.ts';
import type { Logger } from '../service/log.ts';
import type { Instruments } from '../service/metrics.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { createTemplateVersions } from '../stores/template-versions.ts';
import { createTotals } from '../stores/totals.ts';
import { activitySignal, currentScope, timeLeftMs } from './activity-scope.ts';
import { FailureLogInterceptor, HeartbeatInterceptor } from './activity-interceptors.ts';
import { createCurrentMapping } from './current-mapping.ts';
import {
  countRequest,
  countWrite,
  meteredDeadLetters,
  meteredDelivery,
  meteredIdentity,
} from './metered-activities.ts';
import type { WorkerHealth } from './worker-health.ts';

export interface WorkersOptions {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly store: ObjectStore;
  readonly metrics: Instruments<'worker'>;
  /** Told of what shows how the worker fares. */
  readonly health: Pick<WorkerHealth, 'noteDelivery' | 'noteRequest'>;
  readonly log: Logger;
  /** Built once where several workers start in one process. */
  readonly workflowBundle?: WorkflowBundleOption;
}

/** Both workers of this process: workflows with what they keep, and everything that talks to the FHIR server. */
export interface Workers {
  /** Resolves once both have stopped; rejects when one fails. */
  run(): Promise<void>;
  /** Lets running activities come to an end, for the grace period at most. */
  shutdown(): void;
}

/** Bundles the workflows: slow (a second or two), and the same for every worker of a version, with keys or without. */
export async function bundleWorkflows(encryptionKeys?: Config['encryptionKeys']): Promise<WorkflowBundleOption> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  const failureConverter = failureConverterOf(encryptionKeys);
  return await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN'), ...failureConverter });
}

/**
 * Temporal's own log lines go into ours, and its metrics to a port of their own where one is set. Once a process, before
 * anything else of Temporal.
 */
export function installTemporalRuntime({ listenHost, temporalMetricsPort }: Config, log: Logger): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    // Temporal quotes failures, which may hold foreign text: only where it happened is taken along.
    const { workflowId, runId, activityType, taskQueue, error } = (meta ?? {}) as Record<string, unknown>;
    const missingKey = error instanceof DecryptionError ? { err: error } : {};
    // The first is true of the worker that talks to FHIR, and meant so; failures we log ourselves, with their code.
    const isKnown = message.startsWith('No workflows registered') || message === 'Activity failed';
    log[isKnown ? 'debug' : levels[level]]({ workflowId, runId, activityType, taskQueue, ...missingKey }, message);
  });
  // Without forwarding, the SDK's native part writes to standard error by itself, failures' texts included.
  const logging = { filter: { core: 'WARN', other: 'WARN' }, forward: {} } as const;
  // Named as Prometheus wants it: seconds, units and `_total`.
  const naming = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  const prometheus = { bindAddress: `${listenHost}:${temporalMetricsPort ?? ''}`, ...naming };
  const metrics = temporalMetricsPort === undefined ? {} : { metrics: { prometheus } };
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging, ...metrics } });
}

export async function createWorkers(options: WorkersOptions): Promise<Workers> {
  const { config, connection, namespace, store, metrics, log, workflowBundle } = options;
  const queues = taskQueuesOf(config.deployment);
  const bundle = workflowBundle ?? (await bundleWorkflows(config.encryptionKeys));
  const logFailures = (context: Context) => ({
    inbound: new FailureLogInterceptor(context, log, metrics.activityFailures),
  });
  const beat = (context: Context) => ({ inbound: new HeartbeatInterceptor(context) });
  const dataConverter = dataConverterOf(config.encryptionKeys);
  const shared = { connection, namespace, dataConverter, shutdownGraceTime: '20s' } as const;
  const claims = createClaims(store, config.deployment);
  const workflows = await Worker.create({
    ...shared,
    taskQueue: queues.workflows,
    workflowBundle: bundle,
    activities: createKeepingActivities({ claims, totals: createTotals(store, config.deployment) }),
    interceptors: { activity: [logFailures] },
  });
  const fhir = await Worker.create({
    ...shared,
    taskQueue: queues.fhir,
    activities: fhirActivities(options, claims),
    maxTaskQueueActivitiesPerSecond: config.fhirDeliveriesPerSecond,
    // So that Temporal has a young heartbeat when this process is stopped; else it may keep them back for 24 s.
    maxHeartbeatThrottleInterval: '5s',
    interceptors: { activity: [logFailures, beat] },
  });
  return {
    async run() {
      const stopBoth = (): void => {
        shutdownRunning([workflows, fhir]);
      };
      await Promise.all([workflows.run().finally(stopBoth), fhir.run().finally(stopBoth)]);
    },
    shutdown: () => {
      shutdownRunning([workflows, fhir]);
    },
  };
}

function shutdownRunning(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

function fhirActivities({ config, store, metrics, health, log }: WorkersOptions, claims: Claims) {
  const fhirUrl = requireSetting(config, 'fhirUrl');
  const client = createHttpFhirClient({
    baseUrl: fhirUrl,
    timeoutMs: config.fhirTimeout,
    signal: activitySignal,
    timeLeftMs,
  });
  const metered = meteredFhirClient(client, (request) => {
    countRequest(metrics, request);
    health.noteRequest(request);
  });
  const fhir = withBreaker(metered, new Breaker());
  const traits = new ServerTraits((what) => {
    log.info({ fhirUrl }, what);
  });
  let replacedCount = 0;
  const identity = createIdentityActivities({
    fhir,
    traits,
    fhirUrl,
    mode: config.identityMode,
    checksPatientId: config.checkPatientId === 'always',
    deviceIdentifierSystem: config.deviceIdentifierSystem,
    maxAgeMs: config.identityMaxAge,
    now: Date.now,
  });
  const observations = createObservationActivities({
    fhir,
    traits,
    claims,
    deadLetters: meteredDeadLetters(createDeadLetters(store, config.deployment), metrics),
    currentMapping: createCurrentMapping(
      createTemplateVersions(store, config.deployment),
      { singleId: config.singleId, timePrecision: config.timePrecision, maxAgeMs: config.templatePollInterval },
      (version, error) => {
        log.error({ version, err: error }, 'the active FHIR mapping cannot be loaded; the one before goes on');
      },
    ),
    scope: currentScope,
    now: () => new Date(),
    onWritten: (write) => {
      countWrite(metrics, write);
    },
    onReplaced: () => {
      metrics.resourcesReunited.add(1);
      log.warn(
        { replacedCount: ++replacedCount },
        'a create had replaced what another had just written; both are together again',
      );
    },
    onUnexpected: (thrown) => {
      log.error({ err: thrown }, 'an unexpected error was thrown in a delivery: a defect');
    },
  });
  const deliver = meteredDelivery((input) => observations.upsertObservations(input), metrics);
  return {
    resolveIdentity: meteredIdentity((deviceId, question) => identity.resolveIdentity(deviceId, question), metrics),
    async upsertObservations(input: DeliveryInput): Promise<DeliveryOutcome> {
      const outcome = await deliver(input);
      health.noteDelivery(outcome);
      return outcome;
    },
  };
}
