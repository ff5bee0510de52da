import { compareToStored } from '../../../core/source-time.ts';
import type { ObservedValue, ObservedValues } from './value-kind.ts';

/** Of several values in one Observation the last by time is written. */
export function latest(values: ObservedValues): ObservedValue {
  return values.at(-1) ?? values[0];
}

/**
 * Whether a new value replaces a stored one: the later source time wins. At the same source time, or beside a value
 * without one, the new value wins where it differs.
 *
 * @param element what carries the stored source time
 */
export function replaces(value: ObservedValue, element: unknown, isEqual: boolean): boolean {
  const order = compareToStored(value, element) ?? 0;
  return order > 0 || (order === 0 && !isEqual);
}
