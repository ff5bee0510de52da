import { compactInteger } from './arithmetic.ts';
import type { Comparison, ExpressionWarning, Filter, FilterTest, Literal, Operand, Step } from './json-path-steps.ts';
import { compileRegularExpression } from './regular-expression.ts';
import type { TextCursor } from './text-cursor.ts';

const JUNCTION = /&&|\|\|/y;
const OPERATOR = /===|!==|==|!=|<>|=~|<=|<|>=|>/y;
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])/y;
const WORD = /(true|false|null)(?![\w.])/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
const REGEX = /\/((?:\\[^]|[^/\\])*)\/([a-zA-Z]*)/y;
const REGEX_IN_TEXT = /^\/([^]*)\/([a-zA-Z]*)$/;

/** A filter being parsed; `parsePath` reads the path behind `@` or `$`. */
export interface FilterParsing {
  readonly cursor: TextCursor;
  readonly warnings: ExpressionWarning[];
  readonly parsePath: () => Step[];
  /** Those in parentheses. */
  readonly grouped: Set<Filter>;
}

/**
 * Parses what stands behind `?`. `&&` and `||` group to the right without precedence, as in the original, which is
 * warned about where it differs from the usual reading.
 */
export function parseFilter(parsing: FilterParsing): Filter {
  const { cursor, warnings, grouped } = parsing;
  return cursor.nested(() => {
    const left = unary(parsing);
    cursor.skipSpace();
    const offset = cursor.at;
    const junction = cursor.take(JUNCTION)?.[0];
    if (junction === undefined) return left;
    const right = parseFilter(parsing);
    const kind = junction === '&&' ? 'and' : 'or';
    if (kind === 'and' && right.kind === 'or' && !grouped.has(right)) {
      warnings.push({
        code: 'JSONPATH_GROUPING',
        message: '"a && b || c" is read as "a && (b || c)"; parentheses say what is meant',
        offset,
      });
    }
    return { kind, left, right };
  });
}

function unary(parsing: FilterParsing): Filter {
  const { cursor } = parsing;
  cursor.skipSpace();
  if (cursor.take(/!(?!=)/y)) return cursor.nested(() => ({ kind: 'not', filter: unary(parsing) }));
  if (cursor.char !== '(') return condition(parsing);
  cursor.at += 1;
  const filter = parseFilter(parsing);
  cursor.skipSpace();
  cursor.expect(')');
  parsing.grouped.add(filter);
  return filter;
}

function condition(parsing: FilterParsing): FilterTest {
  const { cursor } = parsing;
  const start = cursor.at;
  const left = operand(parsing);
  const text = cursor.textFrom(start);
  cursor.skipSpace();
  const operator = cursor.take(OPERATOR)?.[0];
  if (operator === undefined) return { kind: 'exists', operand: left, text };
  cursor.skipSpace();
  if (operator === '=~') {
    const test = regularExpression(cursor);
    return { kind: 'matches', operand: left, test, text: cursor.textFrom(start) };
  }
  const right = operand(parsing);
  return { kind: 'compare', operator: comparison(operator), left, right, text: cursor.textFrom(start) };
}

function comparison(operator: string): Comparison {
  return operator === '<>' ? '!=' : (operator as Comparison);
}

function operand(parsing: FilterParsing): Operand {
  const { cursor } = parsing;
  cursor.skipSpace();
  const from = cursor.char;
  if (from !== '@' && from !== '$') return { kind: 'literal', value: literal(cursor) };
  cursor.at += 1;
  return { kind: 'path', from, steps: parsing.parsePath() };
}

function literal(cursor: TextCursor): Literal {
  if (cursor.char === "'" || cursor.char === '"') return cursor.quoted();
  const number = cursor.take(NUMBER);
  if (number) {
    const isWhole = number[1] === undefined && number[2] === undefined;
    return isWhole ? compactInteger(BigInt(number[0])) : Number(number[0]);
  }
  const word = cursor.take(WORD)?.[0];
  if (word === undefined) cursor.fail('Expected a path (@ or $), a text, a number, true, false or null');
  return WORDS[word] ?? null;
}

/** `/pattern/flags`, bare or as a text. */
function regularExpression(cursor: TextCursor) {
  const start = cursor.at;
  const isText = cursor.char === "'" || cursor.char === '"';
  const found = isText ? REGEX_IN_TEXT.exec(cursor.quoted()) : cursor.take(REGEX);
  if (!found) cursor.fail('Expected a regular expression: /pattern/ with flags of i, m, s, x', start);
  return compileRegularExpression(found[1] ?? '', found[2] ?? '', start);
}
