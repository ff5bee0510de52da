import { setTimeout as rest } from 'node:timers/promises';

/** Repeats an assertion until it holds; its last failure is thrown when the time is up. */
export async function eventually<T>(assertion: () => T | Promise<T>, withinMs = 30_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await rest(100);
    }
  }
}
