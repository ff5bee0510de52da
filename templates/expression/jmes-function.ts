import { IngestError } from '../../core/errors.ts';
import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import { fitsInt64 } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import { isArray, isNumber, isObject } from './json-kind.ts';
import type { Selected } from './json-kind.ts';

/** A compiled JMESPath expression or part of one: reads a value. */
export type Evaluate = (value: Selected, budget: Budget) => Selected;

/** One call of a function, its arguments evaluated. */
export interface FunctionCall {
  readonly name: string;
  readonly args: readonly Selected[];
  /** The `&expression` argument, for the functions that take one. */
  readonly by: Evaluate;
  readonly budget: Budget;
}

export interface JmesFunction {
  readonly minimumArity: number;
  readonly maximumArity: number;
  /** Which argument is an `&expression`, if one is. */
  readonly expressionAt?: number;
  readonly call: (call: FunctionCall) => Selected;
}

/** A function of a fixed number of arguments. */
export function fixed(arity: number, call: JmesFunction['call'], expressionAt?: number): JmesFunction {
  const declared = { minimumArity: arity, maximumArity: arity, call };
  return expressionAt === undefined ? declared : { ...declared, expressionAt };
}

/** A function of one argument or more. */
export function variadic(call: JmesFunction['call']): JmesFunction {
  return { minimumArity: 1, maximumArity: Number.MAX_SAFE_INTEGER, call };
}

/** @throws IngestError EXPRESSION_FAILED, as all of these when an argument is of another kind */
export function numberArgument(call: FunctionCall, index: number): number | bigint {
  return numberIn(call, call.args[index], index);
}

export function textArgument(call: FunctionCall, index: number): string {
  const value = call.args[index];
  return typeof value === 'string' ? value : wrongKind(call, index, 'a text');
}

export function arrayArgument(call: FunctionCall, index: number): readonly JsonValue[] {
  const value = call.args[index];
  if (!isArray(value)) return wrongKind(call, index, 'an array');
  call.budget.spend(value.length);
  return value;
}

export function objectArgument(call: FunctionCall, index: number): JsonObject {
  const value = call.args[index];
  if (!isObject(value)) return wrongKind(call, index, 'an object');
  call.budget.spend(Object.keys(value).length);
  return value;
}

export function numbersArgument(call: FunctionCall, index: number): readonly (number | bigint)[] {
  return arrayArgument(call, index).map((item) => numberIn(call, item, index));
}

export function textsArgument(call: FunctionCall, index: number): readonly string[] {
  return arrayArgument(call, index).map((item) =>
    typeof item === 'string' ? item : wrongKind(call, index, 'an array of texts'),
  );
}

/** Checks that values can be put in order: all numbers, or all texts. */
export function sortable(
  call: FunctionCall,
  values: readonly Selected[],
): readonly (number | bigint)[] | readonly string[] {
  const numbers = values.filter(isNumber);
  if (numbers.length === values.length) return numbers;
  const texts = values.filter((value) => typeof value === 'string');
  return texts.length === values.length ? texts : wrongKind(call, call.args.length - 1, 'numbers only or texts only');
}

/** @throws IngestError EXPRESSION_FAILED */
export function wrongKind(call: FunctionCall, index: number, expected: string): never {
  throw new IngestError('EXPRESSION_FAILED', `${call.name}() takes ${expected} as argument ${index + 1}`);
}

function numberIn(call: FunctionCall, value: Selected, index: number): number | bigint {
  if (!isNumber(value)) return wrongKind(call, index, 'a number');
  return fitsInt64(value) ? value : wrongKind(call, index, 'a number of at most 64 bits');
}
