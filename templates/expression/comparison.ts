import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { isArray, isNumber, isObject } from './json-kind.ts';

/**
 * Negative, zero or positive. JavaScript compares a `bigint` with a `number` exactly, and texts by UTF-16 unit. `NaN`,
 * which a lenient body may hold, comes before every number, as in the original.
 */
export function order<Value extends number | bigint | string>(left: Value, right: Value): number {
  if (left < right) return -1;
  if (left > right) return 1;
  return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
}

/** As `order`, but numbers that differ by rounding alone are equal, as in the original: 0.1 + 0.2 and 0.3. */
export function orderNumbers(left: number | bigint, right: number | bigint): number {
  const sign = order(left, right);
  if (sign === 0 || typeof left === 'bigint' || typeof right === 'bigint') return sign;
  if (Number.isInteger(left) && Number.isInteger(right)) return sign;
  const tolerance = (Math.abs(left) + Math.abs(right) + 10) * Number.EPSILON;
  return Math.abs(left - right) < tolerance ? 0 : sign;
}

/** Deep equality; `1` equals `1.0`, and the order of members does not matter. */
export function equals(left: JsonValue, right: JsonValue, budget: Budget): boolean {
  budget.spend(1);
  if (isNumber(left)) return isNumber(right) && orderNumbers(left, right) === 0;
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
