import type { JsonValue } from '../../core/device-message.ts';
import { compileComparison } from './json-path-comparison.ts';
import type { Selected } from './json-kind.ts';
import { compileSingle } from './json-path-single.ts';
import type { Filter, Operand, Step } from './json-path-steps.ts';
import type { Condition, Walk } from './json-path-walk.ts';
import type { Run } from './run.ts';

/** @param compilePath compiles the paths inside the filter */
export function compileFilter(filter: Filter, compilePath: (steps: readonly Step[]) => Walk): Condition {
  const operand = (of: Operand) => compileOperand(of, compilePath);
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [compileFilter(filter.left, compilePath), compileFilter(filter.right, compilePath)];
      return (candidate, run) => left(candidate, run) && right(candidate, run);
    }
    case 'or': {
      const [left, right] = [compileFilter(filter.left, compilePath), compileFilter(filter.right, compilePath)];
      return (candidate, run) => left(candidate, run) || right(candidate, run);
    }
    case 'not': {
      const inner = compileFilter(filter.filter, compilePath);
      return (candidate, run) => !inner(candidate, run);
    }
    case 'exists':
      return some(operand(filter.operand), () => true);
    case 'matches':
      return some(operand(filter.operand), (value, { budget }) => {
        if (typeof value !== 'string') return false;
        budget.spend(value.length * filter.test.stepsPerCharacter);
        return filter.test.test(value);
      });
    case 'compare':
      return comparePairs(operand(filter.left), operand(filter.right), compileComparison(filter.operator));
  }
}

/** Whether only objects can pass: every way to do so asks a member of the candidate. */
export function passesOnlyObjects(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
      return passesOnlyObjects(filter.left) || passesOnlyObjects(filter.right);
    case 'or':
      return passesOnlyObjects(filter.left) && passesOnlyObjects(filter.right);
    case 'not':
      return false;
    case 'exists':
    case 'matches':
      return asksMember(filter.operand);
    case 'compare':
      return asksMember(filter.left) || asksMember(filter.right);
  }
}

function asksMember(operand: Operand): boolean {
  if (operand.kind === 'literal' || operand.from === '$') return false;
  const [first] = operand.steps;
  return first?.kind === 'members' || (first?.kind === 'names' && !first.recursive);
}

interface CompiledOperand {
  readonly walk: Walk;
  /** The value, where the operand has one at most: most do, and need no closure per candidate. */
  readonly single?: (candidate: JsonValue, run: Run) => Selected;
}

function compileOperand(operand: Operand, compilePath: (steps: readonly Step[]) => Walk): CompiledOperand {
  if (operand.kind === 'literal') {
    const { value } = operand;
    return { walk: (_candidate, _run, emit) => emit(value), single: () => value };
  }
  const walk = compilePath(operand.steps);
  const single = compileSingle(operand.steps);
  const isRooted = operand.from === '$';
  return {
    walk: isRooted ? (_candidate, run, emit) => walk(run.root, run, emit) : walk,
    ...(single && { single: (candidate, run) => single(isRooted ? run.root : candidate, run.budget) }),
  };
}

/** True if any value the operand selects passes; false when it selects none. */
function some({ walk, single }: CompiledOperand, passes: Condition): Condition {
  if (!single) return (candidate, run) => !walk(candidate, run, (value) => !passes(value, run));
  return (candidate, run) => {
    const value = single(candidate, run);
    return value !== undefined && passes(value, run);
  };
}

/** True if any pair passes; so without a value on one side it is false, even for `!=`. */
function comparePairs(
  left: CompiledOperand,
  right: CompiledOperand,
  passes: ReturnType<typeof compileComparison>,
): Condition {
  const [readLeft, readRight] = [left.single, right.single];
  if (!readLeft || !readRight) {
    return (candidate, run) =>
      !left.walk(candidate, run, (a) => right.walk(candidate, run, (b) => !passes(a, b, run.budget)));
  }
  return (candidate, run) => {
    const a = readLeft(candidate, run);
    if (a === undefined) return false;
    const b = readRight(candidate, run);
    return b !== undefined && passes(a, b, run.budget);
  };
}
