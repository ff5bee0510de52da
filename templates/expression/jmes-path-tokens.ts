import { tokenize } from '@jmespath-community/jmespath';
import { ExpressionSyntaxError } from './expression-syntax-error.ts';
import type { JsonValue } from '../../core/device-message.ts';
import { literalAt } from './jmes-literal.ts';

/** Tokens of the community's language that the original's does not have. */
const FOREIGN: Readonly<Record<string, string>> = {
  Variable: '$',
  Root: '$',
  Assign: '=',
  Plus: '+',
  Minus: '-',
  Multiply: '×',
  Divide: '/',
  Modulo: '%',
  Div: '//',
  Question: '?',
};
const WHOLE_NUMBER = /-?\d+(?![\d-])/y;
const MAX_INDEX = 2 ** 31 - 1;
const STARTS = new Set([
  'UnquotedIdentifier',
  'QuotedIdentifier',
  'Literal',
  'Number',
  'Current',
  'Expref',
  'Not',
  'Lbrace',
]);
const ENDS = new Set([
  'UnquotedIdentifier',
  'QuotedIdentifier',
  'Literal',
  'Number',
  'Current',
  'Rbracket',
  'Rparen',
  'Rbrace',
  'Flatten',
  'Star',
]);
const CLOSERS = new Set(['Rbracket', 'Rparen', 'Rbrace']);

/** Stands for grouping parentheses, which the library's tree would not show. */
export const GROUP = 'iomt_group';

export interface JmesToken {
  readonly type: string;
  readonly start: number;
  readonly value: unknown;
}

export interface PreparedJmesPath {
  /** The expression with each literal replaced by its index in `literals`, and each grouping by a call of `GROUP`. */
  readonly text: string;
  readonly literals: readonly JsonValue[];
  /** Of the expression as it was. */
  readonly tokens: readonly JmesToken[];
}

/**
 * Makes an expression ready for the library's parser, which accepts more than the original's language and reads numbers
 * as doubles: refuses what is foreign or sloppy, and takes the literals out, exact to the last digit.
 *
 * @throws ExpressionSyntaxError
 */
export function prepareJmesPath(text: string): PreparedJmesPath {
  const tokens = tokensOf(text);
  tokens.forEach((token, index) => {
    checkToken(text, token, tokens[index - 1]);
    checkSliceStep(tokens, index);
  });
  const literals: JsonValue[] = [];
  let prepared = '';
  let copied = 0;
  tokens.forEach((token, index) => {
    prepared += text.slice(copied, token.start);
    copied = token.start;
    if (token.type === 'Literal') {
      const { value, end } = literalAt(text, token.start);
      prepared += `\`${literals.push(value) - 1}\``;
      copied = end;
    } else if (isGrouping(token, tokens[index - 1])) {
      prepared += GROUP;
    }
  });
  return { text: prepared + text.slice(copied), literals, tokens };
}

function tokensOf(text: string): JmesToken[] {
  const tokens = tryTokenize(text);
  if (tokens) return tokens;
  throw new ExpressionSyntaxError('Expected JMESPath: a character or a literal cannot be read', readableLength(text));
}

function tryTokenize(text: string): JmesToken[] | undefined {
  try {
    return tokenize(text).map(({ type, start, value }) => ({ type, start, value }));
  } catch {
    // The library says what it met, not where.
    return undefined;
  }
}

/** Of the longest beginning that can be read: behind it stands what cannot. */
function readableLength(text: string): number {
  for (let length = text.length - 1; length > 0; length -= 1) {
    if (tryTokenize(text.slice(0, length))) return length;
  }
  return 0;
}

function checkToken(text: string, token: JmesToken, previous: JmesToken | undefined): void {
  const foreign = FOREIGN[token.type];
  if (foreign !== undefined) throw new ExpressionSyntaxError(`"${foreign}" is not known to JMESPath here`, token.start);
  const isStart = STARTS.has(token.type) || isGrouping(token, previous);
  if (previous && isStart && ENDS.has(previous.type)) {
    throw new ExpressionSyntaxError('Expected an operator or a comma', token.start);
  }
  if (previous?.type === 'Dot' && isGrouping(token, previous)) {
    throw new ExpressionSyntaxError('Expected a name, a list, an object or a function after "."', token.start);
  }
  if (previous?.type === 'Comma' && CLOSERS.has(token.type)) {
    throw new ExpressionSyntaxError('Expected an expression after a comma', token.start);
  }
  if (token.type === 'Number' && !isIndex(text, token.start)) {
    throw new ExpressionSyntaxError(`Expected an index of at most ${MAX_INDEX}`, token.start);
  }
  if (token.type === 'UnquotedIdentifier' && token.value === GROUP) {
    throw new ExpressionSyntaxError(`"${GROUP}" must be quoted`, token.start);
  }
}

/** In `[start:stop:step]` the number behind the second colon. */
function checkSliceStep(tokens: readonly JmesToken[], index: number): void {
  const { type, value, start = 0 } = tokens[index] ?? {};
  const typeAt = (at: number) => tokens[at]?.type;
  if (type !== 'Number' || Number(value) !== 0 || typeAt(index - 1) !== 'Colon') return;
  const before = typeAt(index - 2) === 'Number' ? index - 3 : index - 2;
  if (typeAt(before) === 'Colon') throw new ExpressionSyntaxError('Expected a slice step other than 0', start);
}

/** A parenthesis behind a name opens the arguments of a function. */
function isGrouping(token: JmesToken, previous: JmesToken | undefined): boolean {
  return token.type === 'Lparen' && previous?.type !== 'UnquotedIdentifier';
}

function isIndex(text: string, start: number): boolean {
  WHOLE_NUMBER.lastIndex = start;
  const found = WHOLE_NUMBER.exec(text);
  return found !== null && Math.abs(Number(found[0])) <= MAX_INDEX;
}
