import type { JmesNode } from './jmes-path-parser.ts';

/** The library binds `!` closer than `.` and `[]`; the original reads `!a.b` as `!(a.b)`. Groups keep theirs. */
export function withNotOutside(node: JmesNode): JmesNode {
  if (node.type === 'Flatten') return around(node.child, (child) => ({ ...node, child }));
  return isSpine(node) ? around(node.left, (left) => ({ ...node, left })) : node;
}

function around(inner: JmesNode, rebuild: (inner: JmesNode) => JmesNode): JmesNode {
  const settled = withNotOutside(inner);
  return settled.type === 'NotExpression' ? { ...settled, child: rebuild(settled.child) } : rebuild(settled);
}

function isSpine(node: JmesNode): node is JmesNode & { left: JmesNode } {
  return /^(?:Subexpression|IndexExpression|Projection|ValueProjection|FilterProjection)$/.test(node.type);
}
