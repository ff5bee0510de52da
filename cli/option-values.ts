import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { IngestErrorCode } from '../core/errors.ts';
import { INGEST_ERRORS } from '../core/errors.ts';

/** Reads an option that takes one of a few words. */
export function oneOf<Value extends string>(values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((each) => each === text);
    if (value === undefined) throw new InvalidArgumentError(`Expected one of ${values.join(', ')}.`);
    return value;
  };
}

/** Reads a code of docs/errors.md. */
export const oneOfTheCodes = oneOf(Object.keys(INGEST_ERRORS) as IngestErrorCode[]);

const Instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** @returns milliseconds since 1970 */
export function instant(text: string): number {
  if (Instant.safeParse(text).success) return Date.parse(text);
  throw new InvalidArgumentError(
    'Expected a day in UTC such as 2026-11-23, or an instant with its zone such as 2026-11-23T08:00:00Z or 2026-11-23T09:00:00+01:00.',
  );
}

/** Reads the id of a waiting group. */
export function groupId(text: string): string {
  if (/^[0-9a-f]{8}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('Expected the id of a group, 8 hexadecimal digits, as `batches show` names it.');
}

/** Reads the id of a dead letter, or its beginning. */
export function letterId(text: string): string {
  if (/^[0-9a-f]{4,32}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('Expected the id of a letter, or its beginning: at least 4 hexadecimal digits.');
}

/** Reads the id of a workflow. */
export function workflowId(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('Expected the id of a workflow (batches list --all names them).');
}

/** For an argument that may be given any number of times. */
export function several<Value>(read: (text: string) => Value): (text: string, before?: readonly Value[]) => Value[] {
  return (text, before = []) => [...before, read(text)];
}
