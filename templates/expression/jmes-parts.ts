import type { JsonValue } from '../../core/device-message.ts';
import { withNotOutside } from './jmes-not.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { GROUP } from './jmes-path-tokens.ts';
import { isArray, isObject } from './json-kind.ts';
import type { Selected } from './json-kind.ts';

/** A node with a part before it and one behind it. */
export type BinaryNode = JmesNode & { readonly left: JmesNode; readonly right: JmesNode };

export function isProjection(node: JmesNode): node is BinaryNode {
  return node.type === 'Projection' || node.type === 'ValueProjection' || node.type === 'FilterProjection';
}

/** What a projection goes through, of the value before it. */
export function elementsOf(projection: JmesNode, source: Selected): readonly JsonValue[] | undefined {
  if (projection.type === 'ValueProjection') return isObject(source) ? Object.values(source) : undefined;
  return isArray(source) ? source : undefined;
}

/** What a condition asks, apart from how it is joined. */
export function testsOf(condition: JmesNode): readonly JmesNode[] {
  const node = withNotOutside(condition);
  if (node.type === 'OrExpression' || node.type === 'AndExpression') {
    return [...testsOf(node.left), ...testsOf(node.right)];
  }
  if (node.type === 'NotExpression') return testsOf(node.child);
  return node.type === 'Function' && node.name === GROUP ? node.children.flatMap(testsOf) : [node];
}

/** What is evaluated on the same input before the node itself. */
export function partsOf(node: JmesNode): readonly JmesNode[] {
  if (node.type === 'Flatten' || node.type === 'NotExpression') return [node.child];
  if (node.type === 'Comparator') return [node.left, node.right];
  if (node.type === 'MultiSelectList') return node.children;
  if (node.type === 'MultiSelectHash') return node.children.map(({ value }) => value);
  if (node.type === 'Function') return node.children.filter(({ type }) => type !== 'ExpressionReference');
  return [];
}
