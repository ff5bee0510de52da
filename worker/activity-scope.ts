import { Context } from '@temporalio/activity';
import { subscribe } from 'node:diagnostics_channel';
import type { ActivityScope } from '../activities/observations.ts';
import { Pauses } from './pauses.ts';

/** How long before its end an activity begins nothing new, so that its outcome is in before Temporal counts it out. */
const MARGIN_MS = 10_000;
/** Half a heartbeat timeout has to be well above it: the time from look to look counts as a pause. */
const LOOK_EVERY_MS = 1_000;

interface Running {
  /** When its time is over: counted from its start, not from when it was scheduled. Milliseconds since 1970. */
  readonly deadline: number;
  /** Aborted when it is cancelled, or when the worker stood still for so long that Temporal may have given it up. */
  readonly signal: AbortSignal;
}

const running = new WeakMap<Context, Running>();
let pauses: Pauses | undefined;

/** One watch for all activities of this process, from the first on. It keeps nothing alive. */
function watch(): Pauses {
  if (pauses !== undefined) return pauses;
  const made = new Pauses(() => ({ monotonic: performance.now(), wall: Date.now() }));
  const look = (): void => {
    made.look();
  };
  setInterval(look, LOOK_EVERY_MS).unref();
  // A request that waited for its connection is written by a callback of the socket, before any timer.
  subscribe('undici:client:sendHeaders', look);
  pauses = made;
  return made;
}

/**
 * Runs an activity and watches for pauses meanwhile. Half its heartbeat timeout is the longest it can bear: the last
 * heartbeat that Temporal has may be some seconds old.
 */
export async function watched<T>(context: Context, run: () => Promise<T>): Promise<T> {
  const { startToCloseTimeoutMs, heartbeatTimeoutMs } = context.info;
  const activity = watch().begin(heartbeatTimeoutMs === undefined ? Infinity : heartbeatTimeoutMs / 2);
  running.set(context, {
    deadline: Date.now() + startToCloseTimeoutMs - MARGIN_MS,
    signal: AbortSignal.any([context.cancellationSignal, activity.signal]),
  });
  try {
    return await run();
  } finally {
    activity.end();
  }
}

/** What is left of the running activity's time; no request may take longer. Milliseconds, at least 1. */
export function timeLeftMs(): number {
  return Math.max(1, deadlineOf(Context.current()) - Date.now());
}

/** To be asked before every request. */
export function activitySignal(): AbortSignal {
  return signalOf(Context.current());
}

/** The running activity, as activities see it. */
export function currentScope(): ActivityScope {
  const context = Context.current();
  return {
    workflowId: context.info.workflowExecution?.workflowId ?? context.info.activityId,
    throwIfCancelled: () => {
      signalOf(context).throwIfAborted();
    },
    isOutOfTime: () => Date.now() >= deadlineOf(context),
  };
}

function signalOf(context: Context): AbortSignal {
  watch().look();
  return running.get(context)?.signal ?? context.cancellationSignal;
}

function deadlineOf(context: Context): number {
  return running.get(context)?.deadline ?? Infinity;
}
