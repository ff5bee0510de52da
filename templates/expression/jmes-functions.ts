import type { JsonValue } from '../../core/device-message.ts';
import { absolute, add, compactInteger, divide } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import { equals, order } from './comparison.ts';
import { CUSTOM_FUNCTIONS } from './custom-functions.ts';
import {
  arrayArgument,
  fixed,
  numberArgument,
  numbersArgument,
  objectArgument,
  sortable,
  textArgument,
  textsArgument,
  variadic,
  wrongKind,
} from './jmes-function.ts';
import type { FunctionCall, JmesFunction } from './jmes-function.ts';
import { isArray, isNumber, isObject } from './json-kind.ts';
import type { Selected } from './json-kind.ts';
import { jsonText } from './text-conversion.ts';
import { orderedObject } from '../ordered-members.ts';

/** The functions an expression may call, by exact name. */
export type JmesFunctions = ReadonlyMap<string, JmesFunction>;

export const JMES_FUNCTIONS: JmesFunctions = new Map(
  Object.entries({
    abs: fixed(1, (call) => absolute(numberArgument(call, 0))),
    avg: fixed(1, average),
    ceil: fixed(1, (call) => rounded(numberArgument(call, 0), Math.ceil)),
    contains: fixed(2, contains),
    ends_with: fixed(2, (call) => textArgument(call, 0).endsWith(textArgument(call, 1))),
    floor: fixed(1, (call) => rounded(numberArgument(call, 0), Math.floor)),
    join: fixed(2, join),
    keys: fixed(1, (call) => Object.keys(objectArgument(call, 0))),
    length: fixed(1, length),
    map: fixed(2, (call) => arrayArgument(call, 1).map((item) => call.by(item, call.budget) ?? null), 0),
    max: fixed(1, (call) => extreme(call, arrayArgument(call, 0), arrayArgument(call, 0), 1)),
    max_by: fixed(2, (call) => extreme(call, arrayArgument(call, 0), keysOf(call), 1), 1),
    merge: variadic(merge),
    min: fixed(1, (call) => extreme(call, arrayArgument(call, 0), arrayArgument(call, 0), -1)),
    min_by: fixed(2, (call) => extreme(call, arrayArgument(call, 0), keysOf(call), -1), 1),
    not_null: variadic((call) => call.args.find((value) => value !== undefined && value !== null)),
    reverse: fixed(1, reverse),
    sort: fixed(1, (call) => sorted(call, arrayArgument(call, 0), arrayArgument(call, 0))),
    sort_by: fixed(2, (call) => sorted(call, arrayArgument(call, 0), keysOf(call)), 1),
    starts_with: fixed(2, (call) => textArgument(call, 0).startsWith(textArgument(call, 1))),
    sum: fixed(1, (call) => numbersArgument(call, 0).reduce(add, 0)),
    to_array: fixed(1, ({ args: [value] }) => (isArray(value) ? value : [value ?? null])),
    to_number: fixed(1, ({ args: [value], budget }) => toNumber(value, budget)),
    to_string: fixed(1, ({ args: [value], budget }) =>
      typeof value === 'string' ? value : jsonText(value ?? null, budget),
    ),
    type: fixed(1, ({ args: [value] }) => kindOf(value)),
    values: fixed(1, (call) => Object.values(objectArgument(call, 0))),
    ...CUSTOM_FUNCTIONS,
  } satisfies Record<string, JmesFunction>),
);

/** Nothing of nothing. */
function average(call: FunctionCall): Selected {
  const numbers = numbersArgument(call, 0);
  return numbers.length === 0 ? undefined : divide(numbers.reduce(add, 0), numbers.length);
}

function rounded(value: number | bigint, round: (value: number) => number): number | bigint {
  return typeof value === 'bigint' ? value : round(value);
}

function contains(call: FunctionCall): boolean {
  const [subject, wanted = null] = call.args;
  if (typeof subject === 'string') {
    call.budget.spend(subject.length);
    return typeof wanted === 'string' && subject.includes(wanted);
  }
  if (!isArray(subject)) return wrongKind(call, 0, 'a text or an array');
  return subject.some((item) => equals(item, wanted, call.budget));
}

function join(call: FunctionCall): string {
  const [texts, glue] = [textsArgument(call, 1), textArgument(call, 0)];
  // Before it is made: a list that holds one long text many times would be too long for any text.
  call.budget.spend(texts.reduce((length, text) => length + text.length + glue.length, 0));
  return texts.join(glue);
}

/** Of a text, its UTF-16 units, as in the original. */
function length(call: FunctionCall): number {
  const [value] = call.args;
  if (typeof value === 'string' || isArray(value)) return value.length;
  if (!isObject(value)) return wrongKind(call, 0, 'a text, an array or an object');
  return Object.keys(objectArgument(call, 0)).length;
}

function merge(call: FunctionCall): Selected {
  const entries = call.args.flatMap((_, index) => Object.entries(objectArgument(call, index)));
  call.budget.spend(entries.length);
  return orderedObject(entries);
}

/** Of a text, by UTF-16 units, as in the original. */
function reverse(call: FunctionCall): Selected {
  const [value] = call.args;
  if (typeof value !== 'string') return arrayArgument(call, 0).toReversed();
  call.budget.spend(value.length);
  return value.split('').toReversed().join('');
}

/** What `&expression` yields for each element of the first argument. */
function keysOf(call: FunctionCall): readonly Selected[] {
  return arrayArgument(call, 0).map((item) => call.by(item, call.budget));
}

/** The item with the greatest (`sign` 1) or least key; the first of several, nothing of none. */
function extreme(call: FunctionCall, items: readonly JsonValue[], keys: readonly Selected[], sign: 1 | -1): Selected {
  const comparable = sortable(call, keys);
  let best = 0;
  comparable.forEach((key, index) => {
    if (order(key, comparable[best] ?? key) * sign > 0) best = index;
  });
  return items[best];
}

function sorted(call: FunctionCall, items: readonly JsonValue[], keys: readonly Selected[]): Selected {
  const pairs = sortable(call, keys).map((key, index) => ({ key, item: items[index] ?? null }));
  call.budget.spend(pairs.length * Math.ceil(Math.log2(pairs.length + 1)));
  return pairs.toSorted((a, b) => order(a.key, b.key)).map(({ item }) => item);
}

/** Whole numbers to the last digit; nothing for what is no decimal number. */
function toNumber(value: Selected, budget: Budget): Selected {
  if (isNumber(value)) return value;
  if (typeof value !== 'string') return undefined;
  budget.spend(value.length);
  const text = value.trim();
  if (/^[+-]?\d+$/.test(text)) return compactInteger(BigInt(text.replace('+', '')));
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function kindOf(value: Selected): string {
  if (value === undefined || value === null) return 'null';
  if (isNumber(value)) return 'number';
  return isArray(value) ? 'array' : typeof value;
}
