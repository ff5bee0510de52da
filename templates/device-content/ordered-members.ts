import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import type { JsonBuilder } from '../relaxed-json-reader.ts';

/** A name that JavaScript would put before all others of its object. */
const NUMERIC_NAME = /"\d{1,10}"\s*:/;

/** Whether some object of a JSON text may have lost the order of its members when it was parsed. */
export function hasNumericNames(text: string): boolean {
  return NUMERIC_NAME.test(text);
}

/** Plain values whose members come in the order of their text: wildcards and `..` visit them in that order. */
export const orderedValues: JsonBuilder<JsonValue> = {
  scalar: (value) => value,
  array: (items) => items,
  object: (members) => {
    const plain: JsonObject = Object.fromEntries(members);
    const names = [...new Set(members.map(([name]) => name))];
    const isInOrder = Object.keys(plain).every((name, index) => name === names[index]);
    // JavaScript puts names that are whole numbers first, whatever order they came in; only a proxy can say otherwise.
    return isInOrder ? plain : new Proxy(plain, { ownKeys: () => names });
  },
};
