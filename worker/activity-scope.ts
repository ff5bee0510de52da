import { Context } from '@temporalio/activity';
import type { ActivityScope } from '../activities/observations.ts';

/** How long before its end an activity begins nothing new, so that its outcome is in before Temporal counts it out. */
const MARGIN_MS = 10_000;

/** When each running activity's time is over: counted from its start, not from when it was scheduled. */
const deadlines = new WeakMap<Context, number>();

/** To be called as an activity starts. */
export function noteStart(context: Context): void {
  deadlines.set(context, Date.now() + context.info.startToCloseTimeoutMs - MARGIN_MS);
}

/** What is left of the running activity's time; no request may take longer. Milliseconds, at least 1. */
export function timeLeftMs(): number {
  return Math.max(1, (deadlines.get(Context.current()) ?? Infinity) - Date.now());
}

/** The running activity, as activities see it. */
export function currentScope(): ActivityScope {
  const context = Context.current();
  return {
    workflowId: context.info.workflowExecution?.workflowId ?? context.info.activityId,
    throwIfCancelled: () => {
      context.cancellationSignal.throwIfAborted();
    },
    isOutOfTime: () => Date.now() >= (deadlines.get(context) ?? Infinity),
  };
}
