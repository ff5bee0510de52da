import { ExpressionSyntaxError } from './expression-syntax-error.ts';
import type { JmesFunction } from './jmes-function.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import type { JmesToken } from './jmes-path-tokens.ts';

const OPENERS: ReadonlySet<string> = new Set(['Lparen', 'Lbracket', 'Lbrace', 'Filter']);
const CLOSERS: ReadonlySet<string> = new Set(['Rparen', 'Rbracket', 'Rbrace']);

/**
 * Checks names and numbers of arguments of all calls. The library's tree does not know where a call stands; its tokens do.
 *
 * @param tokens of an expression that the library can parse
 * @throws ExpressionSyntaxError at the first call that is wrong
 */
export function checkCalls(tokens: readonly JmesToken[], functions: JmesFunctions): void {
  for (const [index, { type, value, start }] of tokens.entries()) {
    if (type !== 'UnquotedIdentifier' || tokens[index + 1]?.type !== 'Lparen') continue;
    const name = String(value);
    const called = functions.get(name);
    if (!called) throw new ExpressionSyntaxError(`There is no function "${name}" (names are case-sensitive)`, start);
    checkArity(name, called, argumentCount(tokens.slice(index + 2)), start);
  }
}

/** @param tokens from behind the opening parenthesis on */
function argumentCount(tokens: readonly JmesToken[]): number {
  if (tokens[0]?.type === 'Rparen') return 0;
  let depth = 0;
  let count = 1;
  for (const { type } of tokens) {
    if (OPENERS.has(type)) depth += 1;
    if (CLOSERS.has(type)) depth -= 1;
    if (depth < 0) break;
    if (type === 'Comma' && depth === 0) count += 1;
  }
  return count;
}

function checkArity(name: string, { minimumArity, maximumArity }: JmesFunction, count: number, start: number): void {
  if (count >= minimumArity && count <= maximumArity) return;
  const expected = minimumArity === maximumArity ? `${minimumArity}` : `at least ${minimumArity}`;
  const words = `${name}() takes ${expected} argument${minimumArity === 1 ? '' : 's'}, not ${count}`;
  throw new ExpressionSyntaxError(words, start);
}
