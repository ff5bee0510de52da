import { ApplicationFailure, Context } from '@temporalio/activity';
import type { ActivityScope } from '../activities/observations.ts';

/** How long before its deadline an activity stops sending: the server must not count it out while a write is under way. */
const MARGIN_MS = 5_000;

/** The running activity, as activities see it. */
export function currentScope(): ActivityScope {
  const context = Context.current();
  const deadline = context.info.currentAttemptScheduledTimestampMs + context.info.startToCloseTimeoutMs - MARGIN_MS;
  return {
    workflowId: context.info.workflowExecution?.workflowId ?? context.info.activityId,
    heartbeat: () => {
      context.heartbeat();
    },
    assertMayGoOn: () => {
      context.cancellationSignal.throwIfAborted();
      if (Date.now() < deadline) return;
      throw ApplicationFailure.create({
        type: 'FHIR_TIMEOUT',
        message: 'The delivery came near its deadline and stopped sending',
      });
    },
  };
}
