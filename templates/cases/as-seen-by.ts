import { isLosslessNumber } from 'lossless-json';
import { decimalTextOf, isSameDecimal } from '../../core/decimal.ts';

/** Whether two texts under a member of that name agree though they are spelled differently. */
export type SameText = (member: string, expected: string, actual: string) => boolean;

/**
 * The actual value as an expectation sees it: members it does not list are left out, and where both agree its own
 * spelling stands, so that what is left differs in nothing but what matters. Lists agree item by item, numbers by their
 * value; null expects that there is nothing.
 */
export function asSeenBy(expected: unknown, actual: unknown, isSameText: SameText, member = ''): unknown {
  if (expected === null) return actual ?? null;
  if (isNumber(expected)) return isSameNumber(expected, actual) ? expected : actual;
  if (typeof expected === 'string' && typeof actual === 'string')
    return isSameText(member, expected, actual) ? expected : actual;
  if (Array.isArray(expected) && Array.isArray(actual))
    return actual.map((item, index) =>
      index < expected.length ? asSeenBy(expected[index], item, isSameText, member) : (item as unknown),
    );
  if (!isObject(expected) || !isObject(actual)) return actual;
  const entries = Object.entries(expected).map(([name, value]) => [
    name,
    asSeenBy(value, actual[name], isSameText, name),
  ]);
  return Object.fromEntries(entries);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || isLosslessNumber(value);
}

function isSameNumber(expected: unknown, actual: unknown): boolean {
  return isNumber(actual) && isSameDecimal(decimalTextOf(expected) ?? '', decimalTextOf(actual) ?? '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}
