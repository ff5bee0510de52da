import { parseFilter } from './json-path-filter-parser.ts';
import type { ExpressionWarning, Filter, ParsedPath, Selector, Step } from './json-path-steps.ts';
import { TextCursor } from './text-cursor.ts';

const NAME = /[^.[\]()\s]+/y;
const NAME_IN_FILTER = /[^.[\]()\s=<!>|&]+/y;
const END_IN_FILTER = /[=<!>|&]/;
const INTEGER = /-?\d+/y;
const SLICE = /(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?/y;
const MAX_INDEX = 2 ** 31 - 1;

/** A path being parsed: where it is, whether inside a filter, and what it warns about. */
interface PathParsing {
  readonly cursor: TextCursor;
  readonly inFilter: boolean;
  readonly warnings: ExpressionWarning[];
}

/**
 * Parses a JSONPath of the original's dialect, widened where it only fails and the meaning is plain: double quotes,
 * parentheses, `!` and missing spaces in filters, `[?@.x]`.
 *
 * @throws ExpressionSyntaxError
 */
export function parseJsonPath(text: string): ParsedPath {
  const cursor = new TextCursor(text);
  const warnings: ExpressionWarning[] = [];
  cursor.skipSpace();
  const isRooted = cursor.take(/\$(?=[.[]|\s*$)/y) !== undefined;
  const steps = parseSteps({ cursor, inFilter: false, warnings }, !isRooted);
  cursor.skipSpace();
  if (!cursor.isAtEnd) cursor.fail('Expected ".", "[" or the end of the path');
  return { steps, warnings };
}

/** @param mayStartWithName whether the first name may stand without a dot (`Body.x`, in filters `@x`) */
function parseSteps(parsing: PathParsing, mayStartWithName: boolean): Step[] {
  const { cursor, inFilter } = parsing;
  const steps: Step[] = [];
  for (;;) {
    const char = cursor.char;
    if (char === undefined || /[\])\s]/.test(char) || (inFilter && END_IN_FILTER.test(char))) return steps;
    const start = cursor.at;
    const selector = parseSelector(parsing, steps.length === 0 && mayStartWithName);
    steps.push({ ...selector, text: cursor.textFrom(start) });
  }
}

function parseSelector(parsing: PathParsing, mayBeName: boolean): Selector {
  const { char } = parsing.cursor;
  if (char === '.') return dottedSelector(parsing);
  if (char === '[' || char === '(') return indexer(parsing, false);
  return mayBeName ? named(parsing, false) : parsing.cursor.fail('Expected "." or "["');
}

function dottedSelector(parsing: PathParsing): Selector {
  const { cursor, warnings } = parsing;
  const offset = cursor.at;
  const recursive = cursor.take(/\.\.?/y)?.[0] === '..';
  if (cursor.char !== '[' && cursor.char !== '(') return named(parsing, recursive);
  const selector = indexer(parsing, recursive);
  if (recursive && selector.kind !== 'names' && selector.kind !== 'filter') {
    warnings.push({
      code: 'JSONPATH_RECURSION_IGNORED',
      message: '".." before an index, a slice or [*] has no effect: only the current value is looked at',
      offset,
    });
  }
  return selector;
}

function named({ cursor, inFilter }: PathParsing, recursive: boolean): Selector {
  const name = cursor.take(inFilter ? NAME_IN_FILTER : NAME)?.[0];
  if (name === undefined) return cursor.fail('Expected a name');
  if (name === '*') return { kind: recursive ? 'descendants' : 'members' };
  return { kind: 'names', names: [name], recursive };
}

function indexer(parsing: PathParsing, recursive: boolean): Selector {
  const { cursor } = parsing;
  const close = cursor.char === '[' ? ']' : ')';
  cursor.at += 1;
  cursor.skipSpace();
  const step = cursor.nested(() => indexerBody(parsing, recursive));
  cursor.skipSpace();
  cursor.expect(close);
  return step;
}

function indexerBody(parsing: PathParsing, recursive: boolean): Selector {
  const { cursor } = parsing;
  if (cursor.char === "'" || cursor.char === '"') return { kind: 'names', names: quotedNames(cursor), recursive };
  if (cursor.take(/\?/y)) return { kind: 'filter', filter: filter(parsing), recursive };
  if (cursor.take(/\*/y)) return { kind: 'elements' };
  return slice(cursor) ?? { kind: 'indexes', indexes: indexes(cursor) };
}

function filter({ cursor, warnings }: PathParsing): Filter {
  const parsePath = () => parseSteps({ cursor, inFilter: true, warnings }, true);
  return parseFilter({ cursor, warnings, parsePath, grouped: new Set() });
}

function quotedNames(cursor: TextCursor): string[] {
  const names: string[] = [];
  do {
    cursor.skipSpace();
    if (cursor.char !== "'" && cursor.char !== '"') cursor.fail('Expected a quoted name');
    names.push(cursor.quoted());
    cursor.skipSpace();
  } while (cursor.take(/,/y));
  return names;
}

function slice(cursor: TextCursor): Selector | undefined {
  const start = cursor.at;
  const found = cursor.take(SLICE);
  if (!found) return undefined;
  const [from, to, stride] = [found[1], found[2], found[3]].map((digits) =>
    digits === undefined ? undefined : index(cursor, digits, start),
  );
  if (stride === 0) cursor.fail('Expected a slice step other than 0', start);
  return {
    kind: 'slice',
    stride: stride ?? 1,
    ...(from !== undefined && { start: from }),
    ...(to !== undefined && { end: to }),
  };
}

function indexes(cursor: TextCursor): number[] {
  const found: number[] = [];
  do {
    cursor.skipSpace();
    const start = cursor.at;
    const digits = cursor.take(INTEGER)?.[0];
    if (digits === undefined) cursor.fail('Expected an index, a slice, "*", a quoted name or a filter');
    found.push(index(cursor, digits, start));
    cursor.skipSpace();
  } while (cursor.take(/,/y));
  return found;
}

function index(cursor: TextCursor, digits: string, start: number): number {
  const value = Number(digits);
  if (Math.abs(value) > MAX_INDEX) cursor.fail(`Expected an index of at most ${MAX_INDEX}`, start);
  return value;
}
