import type { Context } from '@temporalio/activity';
import type { NativeConnection, WorkflowBundleOption } from '@temporalio/worker';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { createHttpFhirClient } from '../activities/http-fhir-client.ts';
import { createIdentityActivities } from '../activities/identity.ts';
import { createKeepingActivities } from '../activities/keeping.ts';
import { createObservationActivities } from '../activities/observations.ts';
import { ServerTraits } from '../activities/server-traits.ts';
import { requireSetting } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { taskQueuesOf } from '../config/task-queues.ts';
import type { Logger } from '../service/log.ts';
import type { Claims } from '../stores/claims.ts';
import { createClaims } from '../stores/claims.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import type { ObjectStore } from '../stores/object-store.ts';
import { createTemplateVersions } from '../stores/template-versions.ts';
import { createTotals } from '../stores/totals.ts';
import { activitySignal, currentScope, timeLeftMs } from './activity-scope.ts';
import { FailureLogInterceptor, HeartbeatInterceptor } from './activity-interceptors.ts';
import { createCurrentMapping } from './current-mapping.ts';

export interface WorkersOptions {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly store: ObjectStore;
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

/** Bundles the workflows: slow (a second or two), and the same for every worker of a version. */
export async function bundleWorkflows(): Promise<WorkflowBundleOption> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  return await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
}

/** Temporal's own log lines go into ours. Once a process, before anything else of Temporal. */
export function installTemporalRuntime(log: Logger): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    // Temporal quotes failures, which may hold foreign text: only where it happened is taken along.
    const { workflowId, runId, activityType, taskQueue } = (meta ?? {}) as Record<string, unknown>;
    // The first is true of the worker that talks to FHIR, and meant so; failures we log ourselves, with their code.
    const isKnown = message.startsWith('No workflows registered') || message === 'Activity failed';
    log[isKnown ? 'debug' : levels[level]]({ workflowId, runId, activityType, taskQueue }, message);
  });
  // Without forwarding, the SDK's native part writes to standard error by itself, failures' texts included.
  const logging = { filter: { core: 'WARN', other: 'WARN' }, forward: {} } as const;
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging } });
}

export async function createWorkers(options: WorkersOptions): Promise<Workers> {
  const { config, connection, namespace, store, log, workflowBundle } = options;
  const queues = taskQueuesOf(config.deployment);
  const bundle = workflowBundle ?? (await bundleWorkflows());
  const logFailures = (context: Context) => ({ inbound: new FailureLogInterceptor(context, log) });
  const beat = (context: Context) => ({ inbound: new HeartbeatInterceptor(context) });
  const shared = { connection, namespace, shutdownGraceTime: '20s' } as const;
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
    activities: fhirActivities(config, store, claims, log),
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

function fhirActivities(config: Config, store: ObjectStore, claims: Claims, log: Logger) {
  const fhirUrl = requireSetting(config, 'fhirUrl');
  const fhir = createHttpFhirClient({
    baseUrl: fhirUrl,
    timeoutMs: config.fhirTimeout,
    signal: activitySignal,
    timeLeftMs,
  });
  const traits = new ServerTraits((what) => {
    log.info({ fhirUrl }, what);
  });
  let replacedCount = 0;
  return {
    ...createIdentityActivities({
      fhir,
      traits,
      fhirUrl,
      mode: config.identityMode,
      deviceIdentifierSystem: config.deviceIdentifierSystem,
      maxAgeMs: config.identityMaxAge,
      now: Date.now,
    }),
    ...createObservationActivities({
      fhir,
      traits,
      claims,
      deadLetters: createDeadLetters(store, config.deployment),
      currentMapping: createCurrentMapping(
        createTemplateVersions(store, config.deployment),
        config.templatePollInterval,
        (version, error) => {
          log.error({ version, err: error }, 'the active FHIR mapping cannot be loaded; the one before goes on');
        },
      ),
      scope: currentScope,
      now: () => new Date(),
      onReplaced: () => {
        log.warn({ replacedCount: ++replacedCount }, 'a create had replaced an Observation; both are together again');
      },
      onUnexpected: (thrown) => {
        log.error({ err: thrown }, 'an unexpected error was thrown in a delivery: a defect');
      },
    }),
  };
}
