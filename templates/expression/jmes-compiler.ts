import type { JsonValue } from '../../core/device-message.ts';
import { orderedObject } from '../ordered-members.ts';
import { ExpressionSyntaxError } from './expression-syntax-error.ts';
import type { Evaluate } from './jmes-function.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import { compileComparator, isTruthy } from './jmes-operators.ts';
import { MAX_TREE_DEPTH } from './jmes-path-parser.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { withNotOutside } from './jmes-not.ts';
import { compileSlice } from './jmes-slice.ts';
import { GROUP } from './jmes-path-tokens.ts';
import { isArray, isObject, memberOf } from './json-kind.ts';
import type { Selected } from './json-kind.ts';

/**
 * Turns the library's syntax tree into closures. Nothing (`undefined`) and an explicit null are told apart: a projection
 * drops the first and keeps the second, as in the original; everywhere else they are the same.
 */
export class JmesCompiler {
  private depth = 0;
  private readonly literals: readonly JsonValue[];
  private readonly functions: JmesFunctions;

  constructor(literals: readonly JsonValue[], functions: JmesFunctions) {
    this.literals = literals;
    this.functions = functions;
  }

  /** @throws ExpressionSyntaxError for what the original's dialect does not have */
  compile(node: JmesNode): Evaluate {
    this.depth += 1;
    if (this.depth > MAX_TREE_DEPTH)
      throw new ExpressionSyntaxError(`Expected at most ${MAX_TREE_DEPTH} nested operators`);
    const evaluate = this.node(withNotOutside(node));
    this.depth -= 1;
    return (value, budget) => {
      budget.spend(1);
      return evaluate(value, budget);
    };
  }

  private node(node: JmesNode): Evaluate {
    switch (node.type) {
      case 'Identity':
      case 'Current':
        return (value) => value;
      case 'Field':
        return (value) => memberOf(value, node.name);
      case 'Literal':
        return this.literal(Number(node.value));
      case 'Index':
        return (value) => (isArray(value) ? value.at(node.value) : undefined);
      case 'Slice':
        return compileSlice(node);
      case 'IndexExpression':
      case 'Subexpression':
      case 'Pipe':
        return this.chain(node.left, node.right);
      case 'Flatten':
        return this.flatten(node.child);
      case 'Projection':
        return this.projection(node.left, node.right, (value) => (isArray(value) ? value : undefined));
      case 'ValueProjection':
        return this.projection(node.left, node.right, (value) => (isObject(value) ? Object.values(value) : undefined));
      case 'FilterProjection':
        return this.filterProjection(node);
      case 'Comparator':
        return compileComparator(node.name, this.compile(node.left), this.compile(node.right));
      case 'OrExpression':
        return this.junction(node.left, node.right, false);
      case 'AndExpression':
        return this.junction(node.left, node.right, true);
      case 'NotExpression':
        return this.not(node.child);
      case 'MultiSelectList':
        return this.list(node.children);
      case 'MultiSelectHash':
        return this.hash(node.children);
      case 'Function':
        return this.functionCall(node);
      case 'ExpressionReference':
        throw new RangeError('The parser let an &expression through that is no argument');
      case 'Arithmetic':
      case 'Unary':
        throw new ExpressionSyntaxError('Expected add(), subtract(), multiply() or divide() instead of an operator');
      case 'Binding':
      case 'LetExpression':
      case 'Variable':
      case 'Ternary':
      case 'Root':
        throw new ExpressionSyntaxError('Expected JMESPath without variables, conditions and "$"');
    }
  }

  private literal(index: number): Evaluate {
    const value = this.literals[index];
    return () => value;
  }

  private chain(first: JmesNode, second: JmesNode): Evaluate {
    const [left, right] = [this.compile(first), this.compile(second)];
    return (value, budget) => right(left(value, budget), budget);
  }

  /** @param goesOn the truth of the first operand with which the second one decides */
  private junction(first: JmesNode, second: JmesNode, goesOn: boolean): Evaluate {
    const [left, right] = [this.compile(first), this.compile(second)];
    return (value, budget) => {
      const result = left(value, budget);
      return isTruthy(result, budget) === goesOn ? right(value, budget) : result;
    };
  }

  private not(operand: JmesNode): Evaluate {
    const child = this.compile(operand);
    return (value, budget) => !isTruthy(child(value, budget), budget);
  }

  private flatten(operand: JmesNode): Evaluate {
    const child = this.compile(operand);
    return (value, budget) => {
      const list = child(value, budget);
      if (!isArray(list)) return undefined;
      // Counted before it is built: flattening what holds itself twice doubles it with every turn.
      budget.spend(list.reduce<number>((sum, item) => sum + (isArray(item) ? item.length : 1), 0));
      return list.flatMap((item) => (isArray(item) ? item : [item]));
    };
  }

  private projection(
    source: JmesNode,
    each: JmesNode,
    elementsOf: (value: Selected) => readonly JsonValue[] | undefined,
  ): Evaluate {
    const [left, right] = [this.compile(source), this.compile(each)];
    return (value, budget) =>
      elementsOf(left(value, budget))
        ?.map((element) => right(element, budget))
        .filter((result) => result !== undefined);
  }

  private filterProjection(node: Extract<JmesNode, { type: 'FilterProjection' }>): Evaluate {
    const [left, condition, right] = [this.compile(node.left), this.compile(node.condition), this.compile(node.right)];
    return (value, budget) => {
      const elements = left(value, budget);
      if (!isArray(elements)) return undefined;
      return elements
        .filter((element) => isTruthy(condition(element, budget), budget))
        .map((element) => right(element, budget))
        .filter((result) => result !== undefined);
    };
  }

  private list(children: readonly JmesNode[]): Evaluate {
    if (children.length === 0) throw new ExpressionSyntaxError('Expected an expression between [ and ]');
    const items = children.map((child) => this.compile(child));
    return (value, budget) =>
      value === undefined || value === null ? undefined : items.map((item) => item(value, budget) ?? null);
  }

  private hash(children: readonly { name: string; value: JmesNode }[]): Evaluate {
    const members = children.map(({ name, value }) => ({ name, evaluate: this.compile(value) }));
    return (value, budget) =>
      value === undefined || value === null
        ? undefined
        : orderedObject(members.map(({ name, evaluate }) => [name, evaluate(value, budget) ?? null]));
  }

  private functionCall({ name, children }: Extract<JmesNode, { type: 'Function' }>): Evaluate {
    if (name === GROUP) return this.group(children);
    const called = this.functions.get(name);
    if (!called) throw new RangeError(`The parser let a call of an unknown function through: ${name}`);
    const args = children.map((child) => this.compile(child.type === 'ExpressionReference' ? child.child : child));
    const by = args[called.expressionAt ?? -1] ?? (() => undefined);
    return (value, budget) => {
      const values = args.map((arg, index) => (index === called.expressionAt ? undefined : arg(value, budget)));
      return called.call({ name, args: values, by, budget });
    };
  }

  private group(children: readonly JmesNode[]): Evaluate {
    const [child] = children;
    if (!child) throw new RangeError('The parser let empty parentheses through');
    return this.compile(child);
  }
}
