import { arrayNode, childPointer, objectNode, scalarNode } from './template-node.ts';
import type { TemplateNode } from './template-node.ts';

/** Nesting a template file may have; the original's bound. */
const MAX_DEPTH = 64;

/** Spaces, line breaks, `//` and block comments; an unfinished block comment is left for the reader to stumble over. */
const GAP = /(?:[\s\uFEFF]+|\/\/[^\n\r]*|\/\*[^]*?\*\/)*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
const WORD = /(?:true|false|null)(?!\w)/y;
const WORDS = { true: true, false: false, null: null } as const;
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Where the text stops being readable, and what was expected there. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError';
  readonly offset: number;
  readonly pointer: string;

  constructor(message: string, offset: number, pointer: string) {
    super(message);
    this.offset = offset;
    this.pointer = pointer;
  }
}

/** Reads JSON that may hold comments, trailing commas and single-quoted texts into nodes that know their places. */
export class TemplateReader {
  /** Members whose name, ignoring case, came before in the same object. */
  readonly repeated: TemplateNode[] = [];
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** @throws TemplateSyntaxError */
  read(): TemplateNode {
    this.skipGap();
    return this.value('', 0);
  }

  /** Where text that is not a comment follows the document, if any does. */
  trailingOffset(): number | undefined {
    this.skipGap();
    return this.at < this.text.length ? this.at : undefined;
  }

  private value(pointer: string, depth: number): TemplateNode {
    if (depth > MAX_DEPTH) this.fail(`Expected at most ${MAX_DEPTH} nested levels`, pointer);
    const offset = this.at;
    const first = this.text[offset];
    if (first === '{') return this.object(pointer, depth);
    if (first === '[') return this.array(pointer, depth);
    if (first === '"' || first === "'") return scalarNode(pointer, offset, this.string(first, pointer));
    const number = this.take(NUMBER);
    if (number !== undefined) return scalarNode(pointer, offset, Number(number));
    const word = this.take(WORD);
    if (word !== undefined) return scalarNode(pointer, offset, WORDS[word as keyof typeof WORDS]);
    return this.fail('Expected a JSON value', pointer);
  }

  private object(pointer: string, depth: number): TemplateNode {
    const offset = this.at;
    const members = new Map<string, TemplateNode>();
    const seen = new Set<string>();
    this.list('}', pointer, () => {
      const name = this.memberName(pointer);
      const node = this.value(childPointer(pointer, name), depth + 1);
      if (seen.has(name.toLowerCase())) this.repeated.push(node);
      seen.add(name.toLowerCase());
      members.delete(name); // so that the order of the map is that of the last spellings
      members.set(name, node);
    });
    return objectNode(pointer, offset, members);
  }

  private array(pointer: string, depth: number): TemplateNode {
    const offset = this.at;
    const items: TemplateNode[] = [];
    this.list(']', pointer, () => {
      items.push(this.value(childPointer(pointer, items.length), depth + 1));
    });
    return arrayNode(pointer, offset, items);
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
    if (quote !== '"' && quote !== "'") this.fail('Expected a member name in quotes or "}"', pointer);
    const name = this.string(quote, pointer);
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
      if (char === undefined || char === '\n' || char === '\r') this.fail(`Expected a closing ${quote}`, pointer);
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
    return ESCAPES[char] ?? char;
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
    throw new TemplateSyntaxError(message, this.at, pointer);
  }
}
