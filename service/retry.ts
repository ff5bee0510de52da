import { setTimeout as rest } from 'node:timers/promises';

export interface RetryOptions {
  /** Ends the retrying: the last error is thrown, or the signal's reason. */
  readonly signal: AbortSignal;
  /** Told of every failure before the rest that follows it. */
  readonly onFailure: (error: unknown, attemptCount: number) => void;
  readonly initialMs?: number;
  readonly maximumMs?: number;
}

/** Runs until it succeeds, with rests that double up to a bound. Throws only when it is called off. */
export async function retryUntilDone<T>(run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, onFailure, initialMs = 200, maximumMs = 15_000 } = options;
  for (let attemptCount = 1; ; attemptCount++) {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (signal.aborted) throw error;
      onFailure(error, attemptCount);
      const restMs = Math.min(initialMs * 2 ** (attemptCount - 1), maximumMs);
      await rest(restMs * (0.8 + 0.4 * Math.random()), undefined, { signal });
    }
  }
}
