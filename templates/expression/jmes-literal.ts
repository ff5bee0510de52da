import type { JsonValue } from '../../core/device-message.ts';
import { RELAXED_JSON } from '../json-dialect.ts';
import { orderedValues } from '../ordered-members.ts';
import { JsonDepthError, RelaxedJsonReader } from '../relaxed-json-reader.ts';
import { ExpressionSyntaxError } from './expression-syntax-error.ts';

const RAW_TEXT = /'((?:\\[^]|[^'\\])*)'/y;
const JSON_LITERAL = /`((?:\\[^]|[^`\\])*)`/y;

/** Reads `'raw'`, in which only `\'` is an escape, or `` `json` ``. @throws ExpressionSyntaxError */
export function literalAt(text: string, start: number): { value: JsonValue; end: number } {
  const isRaw = text[start] === "'";
  const pattern = isRaw ? RAW_TEXT : JSON_LITERAL;
  pattern.lastIndex = start;
  const content = pattern.exec(text)?.[1];
  if (content === undefined) throw new ExpressionSyntaxError('Expected the end of a literal', start);
  if (isRaw) return { value: content.replaceAll("\\'", "'"), end: pattern.lastIndex };
  try {
    return { value: literalValue(content.replaceAll('\\`', '`')), end: pattern.lastIndex };
  } catch (error) {
    const words = error instanceof JsonDepthError ? error.message : 'Expected valid JSON between backticks';
    throw new ExpressionSyntaxError(words, start);
  }
}

/** Integers exact, members in the order of the text. @throws SyntaxError, JsonSyntaxError */
function literalValue(json: string): JsonValue {
  JSON.parse(json);
  return new RelaxedJsonReader(json, RELAXED_JSON, orderedValues).read();
}
