import type { Budget } from './budget.ts';
import { equals, order } from './comparison.ts';
import type { Evaluate } from './jmes-function.ts';
import { isArray, isNumber, isObject } from './json-kind.ts';
import type { Selected } from './json-kind.ts';

/** False are null, `false`, and what is empty; zero is not. */
export function isTruthy(value: Selected, budget: Budget): boolean {
  if (isArray(value)) return value.length > 0;
  if (isObject(value)) {
    const { length } = Object.keys(value);
    budget.spend(length);
    return length > 0;
  }
  return value !== undefined && value !== null && value !== false && value !== '';
}

export type Comparator = 'EQ' | 'NE' | 'LT' | 'LTE' | 'GT' | 'GTE';

export function compileComparator(name: Comparator, left: Evaluate, right: Evaluate): Evaluate {
  const compare = comparators[name];
  return (value, budget) => compare(left(value, budget), right(value, budget), budget);
}

type Compare = (left: Selected, right: Selected, budget: Budget) => Selected;

const comparators: Readonly<Record<Comparator, Compare>> = {
  EQ: (left, right, budget) => equals(left ?? null, right ?? null, budget),
  NE: (left, right, budget) => !equals(left ?? null, right ?? null, budget),
  LT: ordered((sign) => sign < 0),
  LTE: ordered((sign) => sign <= 0),
  GT: ordered((sign) => sign > 0),
  GTE: ordered((sign) => sign >= 0),
};

/** Numbers with numbers, texts with texts; null comes before every text, as in the original. Else nothing. */
function ordered(passes: (sign: number) => boolean): Compare {
  return (left, right) => {
    if (isNumber(left) && isNumber(right)) return passes(order(left, right));
    const [a, b] = [rank(left), rank(right)];
    if (a === undefined || b === undefined) return undefined;
    return passes(a.isText && b.isText ? order(a.text, b.text) : Number(a.isText) - Number(b.isText));
  };
}

function rank(value: Selected): { isText: boolean; text: string } | undefined {
  if (value === undefined || value === null) return { isText: false, text: '' };
  return typeof value === 'string' ? { isText: true, text: value } : undefined;
}
