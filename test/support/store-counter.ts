import type { ObjectStore } from '../../stores/object-store.ts';
import { StoreConflictError } from '../../stores/object-store.ts';

/** A number as text, with a tail long enough to be seen when it is torn. */
function counterText(count: number): string {
  return `${count}:${'x'.repeat(5000)}`;
}

/** @throws RangeError for anything but a whole value */
export function readCounter(value: Uint8Array): number {
  const text = new TextDecoder().decode(value);
  const count = Number.parseInt(text, 10);
  if (text !== counterText(count)) throw new RangeError('Expected a whole counter');
  return count;
}

/** Adds one so many times, each by a conditional write that is tried again when somebody else was first. */
export async function increment(store: ObjectStore, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const known = await store.get(key);
    const next = new TextEncoder().encode(counterText((known === undefined ? 0 : readCounter(known.value)) + 1));
    try {
      await store.put(key, next, known === undefined ? { ifAbsent: true } : { ifVersion: known.version });
      done += 1;
    } catch (error) {
      if (!(error instanceof StoreConflictError)) throw error;
    }
  }
}
