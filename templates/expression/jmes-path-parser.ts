import { compile } from '@jmespath-community/jmespath';
import { ExpressionSyntaxError, MAX_EXPRESSION_LENGTH } from './expression-syntax-error.ts';
import { checkCalls } from './jmes-calls.ts';
import { JMES_FUNCTIONS } from './jmes-functions.ts';
import { firstMisplaced } from './jmes-misplaced.ts';
import { prepareJmesPath } from './jmes-path-tokens.ts';
import type { JsonValue } from '../../core/device-message.ts';

/** Deepest tree that is compiled; a chain of as many names or operators is as deep. */
export const MAX_TREE_DEPTH = 500;

/** The library's syntax tree. */
export type JmesNode = ReturnType<typeof compile>;

export interface ParsedJmesPath {
  readonly tree: JmesNode;
  /** A number literal of the tree is an index into these. */
  readonly literals: readonly JsonValue[];
}

/**
 * @param functions what the expression may call
 * @throws ExpressionSyntaxError
 */
export function parseJmesPath(text: string, functions = JMES_FUNCTIONS): ParsedJmesPath {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionSyntaxError(`Expected at most ${MAX_EXPRESSION_LENGTH} characters`);
  }
  const prepared = prepareJmesPath(text);
  const tree = treeOf(text, prepared.text);
  checkCalls(prepared.tokens, functions);
  return { tree, literals: prepared.literals };
}

function treeOf(text: string, prepared: string): JmesNode {
  try {
    return compile(prepared);
  } catch (error) {
    if (error instanceof RangeError)
      throw new ExpressionSyntaxError(`Expected at most ${MAX_TREE_DEPTH} nested operators`);
    // The library's own words name its tokens, and no place.
    const offset = firstMisplaced(text);
    const [found] = /^(?:\w+|[^])/.exec(text.slice(offset)) ?? [];
    const message = found === undefined ? 'Expected the expression to go on' : `"${found}" cannot stand here`;
    throw new ExpressionSyntaxError(message, offset);
  }
}
