import type { JsonValue } from '../../core/device-message.ts';
import { Budget } from './budget.ts';
import { withNotOutside } from './jmes-not.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { GROUP } from './jmes-path-tokens.ts';
import { jsonText } from './text-conversion.ts';
import { jmesPathOf } from './value-keys.ts';

const OPERATORS = { EQ: '==', NE: '!=', LT: '<', LTE: '<=', GT: '>', GTE: '>=' } as const;

/** Writes parts of an expression as they were written, but for spaces. */
export class JmesText {
  private readonly literals: readonly JsonValue[];

  constructor(literals: readonly JsonValue[]) {
    this.literals = literals;
  }

  /** @param before what the part is applied to */
  of(given: JmesNode, before = ''): string {
    const node = withNotOutside(given);
    switch (node.type) {
      case 'Identity':
        return before;
      case 'Subexpression':
      case 'IndexExpression':
        return this.of(node.right, this.of(node.left, before));
      case 'Pipe':
        return this.of(node.right, this.pipe(node.left, before));
      case 'Projection':
      case 'ValueProjection':
      case 'FilterProjection':
        return this.of(node.right, this.elements(node, before));
      case 'Flatten':
        return `${this.of(node.child, before)}[]`;
      case 'Index':
        return `${before}[${node.value}]`;
      case 'Slice':
        return `${before}[${[node.start, node.stop, node.step].map((bound) => bound ?? '').join(':')}]`;
      case 'Field':
        return dotted(before, jmesPathOf([node.name]));
      case 'Current':
        return dotted(before, '@');
      case 'Literal':
        return dotted(before, literalText(this.literals[Number(node.value)] ?? null));
      case 'Comparator':
        return dotted(before, `${this.of(node.left)} ${OPERATORS[node.name]} ${this.of(node.right)}`);
      case 'OrExpression':
        return dotted(before, `${this.of(node.left)} || ${this.of(node.right)}`);
      case 'AndExpression':
        return dotted(before, `${this.of(node.left)} && ${this.of(node.right)}`);
      case 'NotExpression':
        return dotted(before, `!${this.of(node.child)}`);
      case 'MultiSelectList':
        return dotted(before, `[${this.list(node.children)}]`);
      case 'MultiSelectHash':
        return dotted(before, `{${this.members(node.children)}}`);
      case 'Function':
        return dotted(before, `${node.name === GROUP ? '' : node.name}(${this.list(node.children)})`);
      case 'ExpressionReference':
        return `&${this.of(node.child)}`;
      case 'Arithmetic':
      case 'Unary':
      case 'Binding':
      case 'LetExpression':
      case 'Variable':
      case 'Ternary':
      case 'Root':
        throw new RangeError(`The compiler let a node through that is not of this dialect: ${node.type}`);
    }
  }

  /** The left side of a pipe, with the pipe. */
  pipe(left: JmesNode, before: string): string {
    return `${this.of(left, before)} | `;
  }

  /** A projection without what it does to each element: `a[*]`, `a.*`, `a[?b]`. */
  elements(node: JmesNode & { readonly left: JmesNode }, before: string): string {
    const source = this.of(node.left, before);
    if (node.type === 'ValueProjection') return dotted(source, '*');
    if (node.type === 'FilterProjection') return `${source}[?${this.of(node.condition)}]`;
    return isList(withNotOutside(node.left)) ? source : `${source}[*]`;
  }

  private members(members: readonly { readonly name: string; readonly value: JmesNode }[]): string {
    return members.map(({ name, value }) => `${jmesPathOf([name])}: ${this.of(value)}`).join(', ');
  }

  private list(nodes: readonly JmesNode[]): string {
    return nodes.map((node) => this.of(node)).join(', ');
  }
}

/** Whether a node is written as a list whose elements what is behind it applies to: `a[]`, `a[1:2]`. */
function isList(node: JmesNode): boolean {
  return node.type === 'Flatten' || (node.type === 'IndexExpression' && node.right.type === 'Slice');
}

function dotted(before: string, name: string): string {
  return before === '' || before.endsWith(' ') ? before + name : `${before}.${name}`;
}

function literalText(value: JsonValue): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "\\'")}'`;
  return `\`${jsonText(value, new Budget()).replaceAll('`', '\\`')}\``;
}
