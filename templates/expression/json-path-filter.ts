import { compileComparison } from './json-path-comparison.ts';
import type { Filter, Operand, Step } from './json-path-steps.ts';
import type { Condition, Walk } from './json-path-walk.ts';

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
      return some(operand(filter.operand), (value, run) => {
        run.budget.spend(typeof value === 'string' ? value.length : 1);
        return typeof value === 'string' && filter.test(value);
      });
    case 'compare':
      return comparePairs(operand(filter.left), operand(filter.right), compileComparison(filter.operator));
  }
}

function compileOperand(operand: Operand, compilePath: (steps: readonly Step[]) => Walk): Walk {
  if (operand.kind === 'literal') {
    const { value } = operand;
    return (_candidate, _run, emit) => emit(value);
  }
  const walk = compilePath(operand.steps);
  return operand.from === '@' ? walk : (_candidate, run, emit) => walk(run.root, run, emit);
}

/** True if any value the operand selects passes; false when it selects none. */
function some(operand: Walk, passes: Condition): Condition {
  return (candidate, run) => !operand(candidate, run, (value) => !passes(value, run));
}

/** True if any pair passes; so without a value on one side it is false, even for `!=`. */
function comparePairs(left: Walk, right: Walk, passes: ReturnType<typeof compileComparison>): Condition {
  return (candidate, run) => !left(candidate, run, (a) => right(candidate, run, (b) => !passes(a, b, run.budget)));
}
