import type { JsonObject, JsonValue } from '../core/device-message.ts';
import type { JsonBuilder } from './relaxed-json-reader.ts';

/** A name that JavaScript would put before all others of its object, its digits perhaps written as escapes. */
const NUMERIC_NAME = /"(?:\d|\\u003\d){1,10}"\s*:/;

/** Whether some object of a JSON text may have lost the order of its members when it was parsed. */
export function hasNumericNames(text: string): boolean {
  return NUMERIC_NAME.test(text);
}

/** Whether the members of an object may have been moved: JavaScript puts whole numbers before all other names. */
export function mayBeMoved([firstName = '']: readonly string[]): boolean {
  return firstName >= '0' && firstName < ':';
}

/** A plain object whose members come in the order given; of those named alike the last holds, in the place of the first. */
export function orderedObject(members: readonly (readonly [name: string, value: JsonValue])[]): JsonObject {
  const plain: JsonObject = Object.fromEntries(members);
  const asMoved = Object.keys(plain);
  if (!mayBeMoved(asMoved)) return plain;
  const names = [...new Set(members.map(([name]) => name))];
  const isInOrder = asMoved.every((name, index) => name === names[index]);
  // Only a proxy can tell another order.
  return isInOrder ? plain : new Proxy(plain, { ownKeys: () => names });
}

/** Plain values whose members come in the order of their text: wildcards and `..` visit them in that order. */
export const orderedValues: JsonBuilder<JsonValue> = {
  scalar: (value) => value,
  array: (items) => items,
  object: orderedObject,
};
