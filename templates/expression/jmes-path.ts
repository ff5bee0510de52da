import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { JmesCompiler } from './jmes-compiler.ts';
import type { Evaluate } from './jmes-function.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import type { JmesNode, ParsedJmesPath } from './jmes-path-parser.ts';
import { withNotOutside } from './jmes-not.ts';
import { isTruthy } from './jmes-operators.ts';
import type { Selected } from './json-kind.ts';

export interface JmesResult {
  readonly value: Selected;
  /** Whether the value is the list a wildcard, filter, slice or flatten made, not a list the message holds. */
  readonly isProjection: boolean;
}

type EvaluateResult = (value: Selected, budget: Budget) => JmesResult;

/** Compiles a parsed expression into closures. @throws ExpressionSyntaxError */
export function compileJmesPath(
  { tree, literals }: ParsedJmesPath,
  functions: JmesFunctions,
): (root: JsonValue, budget: Budget) => JmesResult {
  const compiler = new JmesCompiler(literals, functions);
  return compileResult(tree, (node) => compiler.compile(node));
}

/** Follows the outer operators down to what makes the result; parentheses and functions end a projection. */
function compileResult(tree: JmesNode, compile: (node: JmesNode) => Evaluate): EvaluateResult {
  const node = withNotOutside(tree);
  if (node.type === 'Pipe' || node.type === 'Subexpression') {
    const left = compile(node.left);
    const right = compileResult(node.right, compile);
    return (value, budget) => right(left(value, budget), budget);
  }
  if (node.type === 'OrExpression' || node.type === 'AndExpression') {
    const [left, right] = [compileResult(node.left, compile), compileResult(node.right, compile)];
    const goesOn = node.type === 'AndExpression';
    return (value, budget) => {
      const result = left(value, budget);
      return isTruthy(result.value, budget) === goesOn ? right(value, budget) : result;
    };
  }
  const evaluate = compile(node);
  const isProjection = /^(?:Projection|ValueProjection|FilterProjection)$/.test(node.type);
  return (value, budget) => ({ value: evaluate(value, budget), isProjection });
}
