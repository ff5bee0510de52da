import { ExpressionSyntaxError } from './expression-syntax-error.ts';
import type { JmesFunction } from './jmes-function.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import type { JmesToken } from './jmes-path-tokens.ts';

const OPENERS: ReadonlySet<string> = new Set(['Lparen', 'Lbracket', 'Lbrace', 'Filter']);
const CLOSERS: ReadonlySet<string> = new Set(['Rparen', 'Rbracket', 'Rbrace']);

/**
 * Checks the calls of an expression: their names, the number of their arguments, which of these are `&expression`; that
 * no `&` stands elsewhere, and that grouping parentheses hold one expression. The library's tree does not know where its
 * nodes stand; the tokens do.
 *
 * @param tokens of an expression that the library can parse
 * @throws ExpressionSyntaxError at the first that is wrong
 */
export function checkCalls(tokens: readonly JmesToken[], functions: JmesFunctions): void {
  const references = new Set<JmesToken>();
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'Lparen') {
      const called = tokens[index - 1]?.type === 'UnquotedIdentifier' ? tokens[index - 1] : undefined;
      const args = argumentsAt(tokens, index + 1);
      if (called) checkCall(called, args, functions);
      else checkGroup(token, args);
      for (const argument of called ? args : []) references.add(argument);
    }
    if (token.type === 'Expref' && !references.has(token)) {
      throw new ExpressionSyntaxError('An &expression can only be the argument of a function', token.start);
    }
  }
}

/** The first token of each argument. @param start behind the opening parenthesis */
function argumentsAt(tokens: readonly JmesToken[], start: number): readonly JmesToken[] {
  const found: JmesToken[] = [];
  let depth = 0;
  let isFirst = true;
  for (let index = start; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (!token || (CLOSERS.has(token.type) && depth === 0)) break;
    if (isFirst) found.push(token);
    isFirst = token.type === 'Comma' && depth === 0;
    if (OPENERS.has(token.type)) depth += 1;
    if (CLOSERS.has(token.type)) depth -= 1;
  }
  return found;
}

function checkCall({ value, start }: JmesToken, args: readonly JmesToken[], functions: JmesFunctions): void {
  const name = String(value);
  const called = functions.get(name);
  if (!called) throw new ExpressionSyntaxError(`There is no function "${name}" (names are case-sensitive)`, start);
  checkArity(name, called, args.length, start);
  for (const [index, argument] of args.entries()) {
    const isExpected = index === called.expressionAt;
    if ((argument.type === 'Expref') === isExpected) continue;
    const words = `${name}(): expected ${isExpected ? 'an' : 'no'} &expression in this place`;
    throw new ExpressionSyntaxError(words, argument.start);
  }
}

function checkArity(name: string, { minimumArity, maximumArity }: JmesFunction, count: number, start: number): void {
  if (count >= minimumArity && count <= maximumArity) return;
  const expected = minimumArity === maximumArity ? `${minimumArity}` : `at least ${minimumArity}`;
  const words = `${name}() takes ${expected} argument${minimumArity === 1 ? '' : 's'}, not ${count}`;
  throw new ExpressionSyntaxError(words, start);
}

function checkGroup({ start }: JmesToken, [first, second]: readonly JmesToken[]): void {
  if (first && !second) return;
  throw new ExpressionSyntaxError('Expected one expression between ( and )', second?.start ?? start + 1);
}
