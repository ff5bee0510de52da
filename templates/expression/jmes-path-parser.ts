import { compile } from '@jmespath-community/jmespath';
import { ExpressionSyntaxError, MAX_EXPRESSION_LENGTH } from './expression-syntax-error.ts';
import { prepareJmesPath } from './jmes-path-tokens.ts';
import type { JsonValue } from '../../core/device-message.ts';

/** The library's syntax tree. */
export type JmesNode = ReturnType<typeof compile>;

export interface ParsedJmesPath {
  readonly tree: JmesNode;
  /** A number literal of the tree is an index into these. */
  readonly literals: readonly JsonValue[];
}

/** @throws ExpressionSyntaxError */
export function parseJmesPath(text: string): ParsedJmesPath {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionSyntaxError(`Expected at most ${MAX_EXPRESSION_LENGTH} characters`);
  }
  const prepared = prepareJmesPath(text);
  try {
    return { tree: compile(prepared.text), literals: prepared.literals };
  } catch {
    // The library's own words name its tokens, at places of the prepared text: they would mislead.
    throw new ExpressionSyntaxError('Expected a complete JMESPath expression');
  }
}
