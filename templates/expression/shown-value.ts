import type { JsonValue } from '../../core/device-message.ts';
import { isArray } from './json-kind.ts';

/** What is below one value, and of one text. */
const SHOWN_PARTS = 500;
const SHOWN_LENGTH = 1000;
/** Stands for what is left out. */
const MORE = '…';

/**
 * A value as an explanation shows it: a plain copy of bounded size, whatever the message holds or the expression makes of
 * it. Where something is left out stands `…`; `NaN` and `Infinity` are texts.
 */
export function shownValue(value: JsonValue): JsonValue {
  return copyOf(value, { parts: SHOWN_PARTS });
}

function copyOf(value: JsonValue, left: { parts: number }): JsonValue {
  if (typeof value === 'string') return shownText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  const shown: (readonly [key: string, part: JsonValue])[] = [];
  for (const [key, part] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
    left.parts -= 1;
    shown.push(left.parts < 0 ? [MORE, MORE] : [shownText(key), copyOf(part, left)]);
    if (left.parts < 0) break;
  }
  return isArray(value) ? shown.map(([, part]) => part) : Object.fromEntries(shown);
}

function shownText(text: string): string {
  return text.length > SHOWN_LENGTH ? text.slice(0, SHOWN_LENGTH) + MORE : text;
}
