import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { DeadLetter } from '../core/dead-letter.ts';
import { INGEST_ERRORS } from '../core/errors.ts';
import { parseJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

/** The members every reader relies on; the rest of a letter is kept as it was written. */
const LetterSchema = z.looseObject({
  id: z.string(),
  stage: z.enum(['normalize', 'transform']),
  code: z.string().refine((code) => code in INGEST_ERRORS),
  message: z.string(),
  positions: z.array(z.looseObject({ stream: z.string(), partition: z.string(), sequenceNumber: z.int() })).min(1),
  failedAt: z.string(),
  attemptCount: z.int().positive(),
}) as unknown as z.ZodType<DeadLetter>;

/**
 * What could not be ingested. Letters are appended to segments, one a day and writer, so that a flood of them costs no
 * more than its bytes; a later letter of the same id replaces an earlier one.
 */
export interface DeadLetters {
  /** Resolves once they are durable. */
  add(letters: readonly DeadLetter[]): Promise<void>;
  /** The newest write of each id, by the day of that write. */
  list(): Promise<DeadLetter[]>;
}

export function createDeadLetters(
  store: ObjectStore,
  deployment: string,
  now: () => Date = () => new Date(),
): DeadLetters {
  const prefix = `${keyPart(deployment)}/dead-letters/`;
  let writer = randomUUID();
  // One append at a time: a segment has one writer, and its records must not run into each other.
  let last: Promise<void> = Promise.resolve();
  return {
    async add(letters) {
      if (letters.length === 0) return;
      const lines = letters.map((letter) => `${JSON.stringify(letter)}\n`).join('');
      const append = (): Promise<void> => {
        const key = `${prefix}${now().toISOString().slice(0, 10)}/${writer}`;
        return store.append(key, new TextEncoder().encode(lines));
      };
      const appended = last.then(append);
      // The next append must come after this one, whether or not this one succeeds; who asked for it hears of a failure.
      // It may have left half a record: nothing may be added to that, so the next one begins a segment of its own.
      last = appended.catch(() => {
        writer = randomUUID();
      });
      await appended;
    },

    async list() {
      const newest = new Map<string, DeadLetter>();
      for await (const { key } of store.list(prefix)) {
        for (const letter of await readSegment(store, key)) newest.set(letter.id, letter);
      }
      return [...newest.values()];
    },
  };
}

/** A record without its line end was torn by a crash: it was never acknowledged, and its event has come again since. */
async function readSegment(store: ObjectStore, key: string): Promise<DeadLetter[]> {
  const bytes = await store.readAppended(key);
  if (bytes === undefined) return [];
  const complete = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  const lines = new TextDecoder()
    .decode(complete)
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => parseJson(key, new TextEncoder().encode(line), LetterSchema));
}
