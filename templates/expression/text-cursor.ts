import { ExpressionSyntaxError, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH } from './expression-syntax-error.ts';

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' };

/** A place in an expression's text, moving forward. */
export class TextCursor {
  at = 0;
  readonly text: string;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    if (text.length > MAX_EXPRESSION_LENGTH) this.fail(`Expected at most ${MAX_EXPRESSION_LENGTH} characters`);
  }

  get char(): string | undefined {
    return this.text[this.at];
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** What a sticky pattern finds here; moves behind it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text) ?? undefined;
    this.at += found?.[0].length ?? 0;
    return found;
  }

  /** What lies between an earlier place and this one. */
  textFrom(start: number): string {
    return this.text.slice(start, this.at);
  }

  skipSpace(): void {
    while (/\s/.test(this.char ?? '')) this.at += 1;
  }

  /** Moves behind an expected text. */
  expect(text: string): void {
    if (!this.text.startsWith(text, this.at)) this.fail(`Expected "${text}"`);
    this.at += text.length;
  }

  /** Reads the quoted text here. */
  quoted(): string {
    const quote = this.char;
    const start = this.at;
    let result = '';
    for (this.at += 1; this.char !== quote; this.at += 1) {
      if (this.char === undefined) this.fail('Expected a closing quote', start);
      result += this.char === '\\' ? this.escape() : this.char;
    }
    this.at += 1;
    return result;
  }

  /** Runs a part of the parser one level deeper. */
  nested<Result>(parse: () => Result): Result {
    this.depth += 1;
    if (this.depth > MAX_EXPRESSION_DEPTH) this.fail(`Expected at most ${MAX_EXPRESSION_DEPTH} nested levels`);
    const result = parse();
    this.depth -= 1;
    return result;
  }

  fail(message: string, at = this.at): never {
    throw new ExpressionSyntaxError(message, at);
  }

  private escape(): string {
    this.at += 1;
    const char = this.char ?? '';
    if (!/^['"\\/btnfr]$/.test(char)) this.fail('Expected one of \\\' \\" \\\\ \\/ \\b \\t \\n \\f \\r');
    return ESCAPES[char] ?? char;
  }
}
