import { isLosslessNumber } from 'lossless-json';
import { decimalTextOf, isSameDecimal } from '../../core/decimal.ts';

/** Whether two texts under a member of that name agree though they are spelled differently. */
export type SameText = (member: string, expected: string, actual: string) => boolean;

/**
 * The actual value as an expectation sees it: members it does not list are left out, and where both agree its own
 * spelling stands, so that what is left differs in nothing but what matters. Lists agree item by item, numbers by their
 * value; null expects that there is nothing. An object that lacks a listed member is seen whole, to show what is there
 * instead.
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
  const members = Object.entries(expected);
  if (members.some(([name, value]) => value !== null && !Object.hasOwn(actual, name))) return actual;
  const seen = members.map(([name, value]) => [name, asSeenBy(value, ownMember(actual, name), isSameText, name)]);
  return Object.fromEntries(seen);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || isLosslessNumber(value);
}

function isSameNumber(expected: unknown, actual: unknown): boolean {
  return isNumber(actual) && isSameDecimal(decimalTextOf(expected) ?? '', decimalTextOf(actual) ?? '');
}

function ownMember(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** No list, and no `LosslessNumber`. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}
