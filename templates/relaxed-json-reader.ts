import { childPointer } from './json-pointer.ts';
import type { JsonDialect } from './json-dialect.ts';

/** Nesting a template file or a body may have; the original's bound. */
export const MAX_DEPTH = 64;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Where a value stands. */
interface JsonPlace {
  /** JSON pointer (RFC 6901), names as written. */
  readonly pointer: string;
  /** Index of its first character in the text. */
  readonly offset: number;
}

export type JsonScalar = string | number | bigint | boolean | null;

/** What becomes of the values of a text, from the inside out. */
export interface JsonBuilder<Value> {
  /** @param text as it is written */
  scalar(value: JsonScalar, place: JsonPlace, text: string): Value;
  array(items: readonly Value[], place: JsonPlace): Value;
  /** @param members in the text's order, repeated names included */
  object(members: readonly (readonly [name: string, value: Value])[], place: JsonPlace): Value;
}

/** Where a text stops being readable, and what was expected there. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly offset: number;
  readonly pointer: string;

  constructor(message: string, offset: number, pointer: string) {
    super(message);
    this.offset = offset;
    this.pointer = pointer;
  }
}

/** Nesting beyond the bound. */
export class JsonDepthError extends JsonSyntaxError {}

/** Reads JSON that may hold comments, trailing commas and single-quoted texts, and what its dialect takes beyond that. */
export class RelaxedJsonReader<Value> {
  private at = 0;
  private readonly text: string;
  private readonly dialect: JsonDialect;
  private readonly build: JsonBuilder<Value>;
  private readonly maxDepth: number;

  constructor(text: string, dialect: JsonDialect, build: JsonBuilder<Value>, maxDepth = MAX_DEPTH) {
    this.text = text;
    this.dialect = dialect;
    this.build = build;
    this.maxDepth = maxDepth;
  }

  /** The first value of the text. @throws JsonSyntaxError */
  read(): Value {
    this.skipGap();
    return this.value('', 0);
  }

  /** Where text that is not a comment follows the value that was read, if any does. */
  trailingOffset(): number | undefined {
    this.skipGap();
    return this.at < this.text.length ? this.at : undefined;
  }

  private value(pointer: string, depth: number): Value {
    const offset = this.at;
    const first = this.text[offset];
    if (first === '{' || first === '[') {
      if (depth === this.maxDepth)
        throw new JsonDepthError(`Expected at most ${this.maxDepth} nested levels`, offset, pointer);
      return first === '{' ? this.object(pointer, depth) : this.array(pointer, depth);
    }
    const value = this.scalar(first, pointer);
    return this.build.scalar(value, { pointer, offset }, this.text.slice(offset, this.at));
  }

  private scalar(first: string | undefined, pointer: string): JsonScalar {
    if (first === '"' || first === "'") return this.string(first, pointer);
    const word = this.take(this.dialect.word);
    if (word !== undefined) return this.dialect.words.get(word) ?? null;
    const offset = this.at;
    const number = this.take(this.dialect.number);
    const value = number === undefined ? undefined : this.dialect.numberOf(number);
    if (value !== undefined) return value;
    this.at = offset;
    return this.fail('Expected a JSON value', pointer);
  }

  private object(pointer: string, depth: number): Value {
    const offset = this.at;
    const members: (readonly [string, Value])[] = [];
    this.list('}', pointer, () => {
      const name = this.memberName(pointer);
      members.push([name, this.value(childPointer(pointer, name), depth + 1)]);
    });
    return this.build.object(members, { pointer, offset });
  }

  private array(pointer: string, depth: number): Value {
    const offset = this.at;
    const items: Value[] = [];
    this.list(']', pointer, () => {
      items.push(this.value(childPointer(pointer, items.length), depth + 1));
    });
    return this.build.array(items, { pointer, offset });
  }

  /** Reads what stands between the bracket here and `close`: items, commas between them, perhaps one after the last. */
  private list(close: '}' | ']', pointer: string, item: () => void): void {
    this.at += 1;
    this.skipGap();
    while (this.text[this.at] !== close) {
      item();
      this.skipGap();
      if (this.text[this.at] === ',') this.at += 1;
      else if (this.text[this.at] !== close) this.fail(`Expected "," or "${close}"`, pointer);
      this.skipGap();
    }
    this.at += 1;
  }

  private memberName(pointer: string): string {
    const quote = this.text[this.at];
    const name = quote === '"' || quote === "'" ? this.string(quote, pointer) : this.take(this.dialect.bareName);
    if (name === undefined) return this.fail('Expected a member name in quotes or "}"', pointer);
    this.skipGap();
    if (this.text[this.at] !== ':') this.fail('Expected ":" after a member name', pointer);
    this.at += 1;
    this.skipGap();
    return name;
  }

  private string(quote: '"' | "'", pointer: string): string {
    let result = '';
    for (this.at += 1; ; this.at += 1) {
      const char = this.text[this.at];
      const isBroken = (char === '\n' || char === '\r') && !this.dialect.hasBrokenLines;
      if (char === undefined || isBroken) this.fail(`Expected a closing ${quote}`, pointer);
      if (char === quote) break;
      result += char === '\\' ? this.escape(pointer) : char;
    }
    this.at += 1;
    return result;
  }

  /** Reads the escape here, leaving its last character as the current one. */
  private escape(pointer: string): string {
    this.at += 1;
    const char = this.text[this.at];
    if (char === 'u') {
      const digits = this.text.slice(this.at + 1, this.at + 5);
      if (!/^[\da-f]{4}$/i.test(digits)) this.fail('Expected four hexadecimal digits after \\u', pointer);
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (char === undefined || !/["'\\/bfnrt]/.test(char)) this.fail('Expected a JSON escape after \\', pointer);
    return SHORT_ESCAPES[char] ?? char;
  }

  private skipGap(): void {
    this.take(GAP);
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private fail(message: string, pointer: string): never {
    throw new JsonSyntaxError(message, this.at, pointer);
  }
}

/** Spaces, line breaks, `//` and block comments; an unfinished block comment is left for the reader to stumble over. */
const GAP = /(?:[\s\uFEFF]+|\/\/[^\n\r]*|\/\*[^]*?\*\/)*/y;
