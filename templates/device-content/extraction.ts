import { IngestError } from '../../core/errors.ts';
import { fitsInt64 } from '../expression/arithmetic.ts';
import { isNumber } from '../expression/json-kind.ts';
import type { Selected } from '../expression/json-kind.ts';
import { numberText } from '../expression/text-conversion.ts';
import { readTimestamp } from '../timestamp.ts';

/**
 * The text of what a required expression selected.
 *
 * @throws IngestError REQUIRED_VALUE_MISSING for nothing, null and blank text; REQUIRED_VALUE_UNUSABLE for objects and
 * arrays; NUMBER_TOO_LARGE
 */
export function requiredText(value: Selected): string {
  if (value === undefined) throw new IngestError('REQUIRED_VALUE_MISSING', 'nothing found where a value is required');
  const text = optionalText(value);
  if (value !== null && text === undefined) {
    throw new IngestError('REQUIRED_VALUE_UNUSABLE', 'an object or array found; expected a text, number or boolean');
  }
  if (text === undefined || text.trim() === '') {
    throw new IngestError('REQUIRED_VALUE_MISSING', 'null or a blank text found where a value is required');
  }
  return text;
}

/**
 * The text of what an optional expression selected; undefined for nothing, null, objects and arrays. Texts are kept as
 * they are, blank ones included; booleans are `True` and `False`.
 *
 * @throws IngestError NUMBER_TOO_LARGE
 */
export function optionalText(value: Selected): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (!isNumber(value)) return undefined;
  if (!fitsInt64(value) || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new IngestError('NUMBER_TOO_LARGE', 'a number found that is not finite, or needs more than 64 bits');
  }
  return numberText(value);
}

/**
 * The instant a timestamp expression selected, as ISO 8601 in UTC; undefined for what is none.
 *
 * @param today ISO UTC: the day a bare time means
 * @throws IngestError NUMBER_TOO_LARGE
 */
export function optionalTimestamp(value: Selected, today: string): string | undefined {
  const text = optionalText(value);
  return text !== undefined && typeof value === 'string' ? readTimestamp(text, today) : undefined;
}

/**
 * As `optionalTimestamp`.
 *
 * @throws IngestError REQUIRED_VALUE_MISSING for nothing, null and blank text; REQUIRED_VALUE_UNUSABLE for objects and
 * arrays; TIMESTAMP_UNREADABLE; NUMBER_TOO_LARGE
 */
export function requiredTimestamp(value: Selected, today: string): string {
  requiredText(value);
  const instant = optionalTimestamp(value, today);
  if (instant === undefined) {
    throw new IngestError(
      'TIMESTAMP_UNREADABLE',
      'expected a date and time as text, or fromUnixTimestamp() or fromUnixTimestampMs() of a number',
    );
  }
  return instant;
}
