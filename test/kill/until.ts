import { setTimeout as rest } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;

/** Repeats until it yields something. @throws when the time is up, with what was thrown last as the cause */
export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`Waited for ${withinMs / 1000} s until ${what}`, { cause });
    await rest(LOOK_EVERY_MS);
  }
}
