import { isLosslessNumber } from 'lossless-json';
import { decimalTextOf, isSameDecimal } from './decimal.ts';

/** Whether two JSON values say the same: numbers by their value, members in any order. */
export function isSameJson(a: unknown, b: unknown): boolean {
  const [first, second] = [decimalTextOf(a), decimalTextOf(b)];
  if (first !== undefined && second !== undefined) return isSameDecimal(first, second);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  if (!isPlainObject(a) || !isPlainObject(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && isSameJson(a[name], b[name]));
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}
