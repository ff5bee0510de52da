/** A place in a text; both one-based, columns in UTF-16 units. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Line breaks are those of any system. */
export function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const ESCAPED_CHARACTER = /\\u[\da-fA-F]{4}|\\?[^]/y;

/**
 * Where in a file a character of a quoted text stands; its escapes are one character each.
 *
 * @param offset of the opening quote
 * @param index of the character in the text, at most its length: the closing quote
 */
export function offsetInText(file: string, offset: number, index: number): number {
  ESCAPED_CHARACTER.lastIndex = offset + 1;
  for (let passed = 0; passed < index; passed += 1) ESCAPED_CHARACTER.exec(file);
  return ESCAPED_CHARACTER.lastIndex;
}
