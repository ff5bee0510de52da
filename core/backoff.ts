/** How long a waiting group rests between attempts. All in milliseconds. */
export interface RetrySettings {
  /** Rest after the first failed attempt; doubles while `fastAttempts` last. */
  readonly fastInitialMs: number;
  readonly fastAttempts: number;
  /** Rest after the fast attempts are used up; doubles up to `slowMaximumMs`. */
  readonly slowInitialMs: number;
  readonly slowMaximumMs: number;
}

export type RetryPhase = 'retrying' | 'stuck';

/**
 * When a group that has failed `attemptCount` times is tried again: fast first, then slow ones that grow.
 * What waits for the world to be mended (`patient`) is stuck from the first failure: it is shown at once.
 *
 * @param jitter 0 to 1, spreads the attempts of many groups over a fifth of their rest
 */
export function nextAttempt(
  settings: RetrySettings,
  attemptCount: number,
  patient: boolean,
  jitter: number,
): { phase: RetryPhase; restMs: number } {
  const fast = !patient && attemptCount <= settings.fastAttempts;
  const step = fast ? attemptCount - 1 : attemptCount - 1 - (patient ? 0 : settings.fastAttempts);
  const initial = fast ? settings.fastInitialMs : settings.slowInitialMs;
  const restMs = Math.min(initial * 2 ** Math.min(step, 30), settings.slowMaximumMs);
  return { phase: fast ? 'retrying' : 'stuck', restMs: Math.round(restMs * (1 - 0.2 * jitter)) };
}

/** A number from 0 (inclusive) to 1 that depends on the text alone: a workflow may not draw lots. FNV-1a, 32 bits. */
export function hashFraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
