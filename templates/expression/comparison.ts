import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { isArray, isNumber, isObject } from './json-kind.ts';

/** Negative, zero or positive. JavaScript compares a `bigint` with a `number` exactly, and texts by UTF-16 unit. */
export function order<Value extends number | bigint | string>(left: Value, right: Value): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** Deep equality; `1` equals `1.0`, and the order of members does not matter. */
export function equals(left: JsonValue, right: JsonValue, budget: Budget): boolean {
  budget.spend(1);
  if (isNumber(left)) return isNumber(right) && order(left, right) === 0;
  if (isArray(left)) {
    if (!isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equals(item, right[index] ?? null, budget));
  }
  if (!isObject(left)) return left === right;
  const names = Object.keys(left);
  budget.spend(names.length);
  if (!isObject(right) || names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && equals(left[name] ?? null, right[name] ?? null, budget));
}
