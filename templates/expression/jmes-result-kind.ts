import type { JsonValue } from '../../core/device-message.ts';
import type { JmesNode, ParsedJmesPath } from './jmes-path-parser.ts';
import { GROUP } from './jmes-path-tokens.ts';
import { isArray, isObject } from './json-kind.ts';

type ResultKind = 'list' | 'object' | undefined;

/** The last decides. */
const CHAINS: ReadonlySet<string> = new Set(['Pipe', 'Subexpression', 'IndexExpression', 'AndExpression']);
const LISTS: ReadonlySet<string> = new Set([
  'Projection',
  'ValueProjection',
  'FilterProjection',
  'Flatten',
  'MultiSelectList',
]);
const LIST_FUNCTIONS: ReadonlySet<string> = new Set(['keys', 'map', 'sort', 'sort_by', 'to_array', 'values']);

/** What an expression gives that is no single value, where that can be seen without a message. */
export function jmesResultKind({ tree, literals }: ParsedJmesPath): ResultKind {
  return kindOf(tree, literals);
}

function kindOf(node: JmesNode, literals: readonly JsonValue[]): ResultKind {
  if ('right' in node && CHAINS.has(node.type)) return kindOf(node.right, literals);
  if (node.type === 'OrExpression') return kindOf(node.left, literals) ?? kindOf(node.right, literals);
  if (node.type === 'Function') return kindOfCall(node, literals);
  if (node.type === 'Literal') return kindOfValue(literals[Number(node.value)]);
  if (node.type === 'MultiSelectHash') return 'object';
  return LISTS.has(node.type) ? 'list' : undefined;
}

function kindOfCall(
  { name, children: [first] }: Extract<JmesNode, { type: 'Function' }>,
  literals: readonly JsonValue[],
): ResultKind {
  if (name === GROUP) return first && kindOf(first, literals);
  if (name === 'merge') return 'object';
  return LIST_FUNCTIONS.has(name) ? 'list' : undefined;
}

function kindOfValue(value: JsonValue | undefined): ResultKind {
  if (isArray(value)) return 'list';
  return isObject(value) ? 'object' : undefined;
}
