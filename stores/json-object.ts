import type { z } from 'zod';
import type { ObjectStore, WriteCondition } from './object-store.ts';

/** A stored object is not what was expected: it was written by something else, or damaged. */
export class StoredObjectError extends Error {
  override readonly name = 'StoredObjectError';
  constructor(key: string, expected: string) {
    super(`Expected ${key} in the store to hold ${expected}`);
  }
}

export interface Versioned<T> {
  readonly value: T;
  readonly version: string;
}

/** @throws StoredObjectError when what is stored does not fit the schema */
export async function getJson<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<Versioned<T> | undefined> {
  const stored = await store.get(key);
  if (stored === undefined) return undefined;
  return { value: parseJson(key, stored.value, schema), version: stored.version };
}

export async function putJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  condition?: WriteCondition,
): Promise<string> {
  return await store.put(key, encodeJson(value), condition);
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** @throws StoredObjectError */
export function parseJson<T>(key: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOrUndefined(new TextDecoder().decode(bytes)));
  // The issues name members, not their values; a stored reading stays out of the message.
  if (!parsed.success) throw new StoredObjectError(key, `its schema (${parsed.error.issues.map(placeOf).join('; ')})`);
  return parsed.data;
}

function placeOf(issue: z.core.$ZodIssue): string {
  return `/${issue.path.map(String).join('/')}: ${issue.code}`;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The schema refuses undefined, so that damaged text ends in the same error as a wrong shape.
    return undefined;
  }
}
