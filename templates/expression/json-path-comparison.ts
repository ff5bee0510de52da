import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { equals, order, orderNumbers } from './comparison.ts';
import { isNumber } from './json-kind.ts';
import type { Comparison } from './json-path-steps.ts';

type Passes = (left: JsonValue, right: JsonValue, budget: Budget) => boolean;

/**
 * `==` wants equal kinds. `<` and its like take the kind from the left value, or from the right one if the left is a
 * text: a text that is no number is neither below nor above a number. Null is below everything. Objects and arrays
 * differ from everything (`!=`) and pass nothing else.
 */
export function compileComparison(operator: Comparison): Passes {
  switch (operator) {
    case '==':
    case '===':
      return (left, right, budget) => isScalar(left) && isScalar(right) && equals(left, right, budget);
    case '!=':
      return (left, right, budget) => !isScalar(left) || !isScalar(right) || !equals(left, right, budget);
    case '!==':
      return (left, right, budget) => isScalar(left) && isScalar(right) && !equals(left, right, budget);
    case '<':
      return ordered((sign) => sign < 0);
    case '<=':
      return ordered((sign) => sign <= 0);
    case '>':
      return ordered((sign) => sign > 0);
    case '>=':
      return ordered((sign) => sign >= 0);
  }
}

function ordered(passes: (sign: number) => boolean): Passes {
  return (left, right, budget) => {
    if (!isScalar(left) || !isScalar(right)) return false;
    const sign = compare(left, right, budget);
    return sign !== undefined && passes(sign);
  };
}

type Scalar = Exclude<JsonValue, object> | null;

function isScalar(value: JsonValue): value is Scalar {
  return typeof value !== 'object' || value === null;
}

function compare(left: Scalar, right: Scalar, budget: Budget): number | undefined {
  if (left === null || right === null) return left === right ? 0 : left === null ? -1 : 1;
  if (typeof left === 'string' && typeof right === 'string') return order(left, right);
  const leading = typeof left === 'string' ? right : left;
  const convert = isNumber(leading) ? toNumber : toBit;
  const [a, b] = [convert(left, budget), convert(right, budget)];
  return a === undefined || b === undefined ? undefined : orderNumbers(a, b);
}

function toNumber(value: Exclude<Scalar, null>, budget: Budget): number | bigint | undefined {
  if (isNumber(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  budget.spend(value.length);
  const text = value.trim();
  if (/^[+-]?\d+$/.test(text)) return BigInt(text.replace('+', ''));
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function toBit(value: Exclude<Scalar, null>, budget: Budget): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isNumber(value)) return Number(value) === 0 ? 0 : 1;
  budget.spend(value.length);
  const text = value.trim().toLowerCase();
  return text === 'true' ? 1 : text === 'false' ? 0 : undefined;
}
