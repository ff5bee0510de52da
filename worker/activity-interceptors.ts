import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Logger } from '../service/log.ts';
import type { Instruments } from '../service/metrics.ts';
import { watched } from './activity-scope.ts';
import { failureCode } from './metered-activities.ts';

const HEARTBEAT_EVERY_MS = 5_000;

/**
 * Reports life every few seconds while an activity runs, so that a worker that died or was stopped is noticed soon, and
 * a cancelled activity learns of it. A stopped process sends nothing, which is the point; once it goes on, what ran in it
 * is over.
 */
export class HeartbeatInterceptor implements ActivityInboundCallsInterceptor {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const timer = setInterval(() => {
      this.#context.heartbeat();
    }, HEARTBEAT_EVERY_MS);
    try {
      return await watched(this.#context, () => next(input));
    } finally {
      clearInterval(timer);
    }
  }
}

/** Logs why an activity failed, by code and place: what Temporal's own line leaves to its UI. And counts it. */
export class FailureLogInterceptor implements ActivityInboundCallsInterceptor {
  readonly #context: Context;
  readonly #log: Logger;
  readonly #failures: Instruments<'worker'>['activityFailures'];

  constructor(context: Context, log: Logger, failures: Instruments<'worker'>['activityFailures']) {
    this.#context = context;
    this.#log = log;
    this.#failures = failures;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      const { workflowExecution, activityType, attempt } = this.#context.info;
      const place = { workflowId: workflowExecution?.workflowId, activityType, attemptCount: attempt };
      const failure = error instanceof ApplicationFailure ? { code: error.type, details: error.details } : {};
      this.#log.warn({ ...place, ...failure, err: error }, 'activity failed; it is tried again');
      const isCancelled = error instanceof CancelledFailure; // wanted, so no failure
      if (!isCancelled) this.#failures.add(1, { activity: activityType, code: failureCode(error) });
      throw error;
    }
  }
}
