import type { Element } from 'fhir/r4.js';
import type { TimePrecision } from '../../../core/fhir-date-time.ts';
import { compareToStored, sourceTimeExtension } from '../../../core/source-time.ts';
import type { MergedValue, ObservedValue, ObservedValues, ValueElements } from './value-kind.ts';

/** Of several values in one Observation the last by time is written. */
export function latest(values: ObservedValues): ObservedValue {
  return values.at(-1) ?? values[0];
}

/** The `_value…` beside a primitive value: when it was measured and taken in. */
export function sourceTimeElement(measured: ObservedValue, precision: TimePrecision): Element {
  return { extension: [sourceTimeExtension(measured, precision)] };
}

/**
 * Merges a value that is kept or replaced as a whole: the later source time wins. At the same source time, or beside a
 * value without one, the new value wins where it differs.
 *
 * @param made what is written if it wins
 * @param carrier what carries the stored source time
 */
export function replaceOrKeep(
  made: ValueElements,
  measured: ObservedValue,
  carrier: unknown,
  isEqual: boolean,
): MergedValue {
  const order = compareToStored(measured, carrier) ?? 0;
  const wins = order > 0 || (order === 0 && !isEqual);
  return { collidedCount: 0, ...(wins && { elements: made }) };
}
