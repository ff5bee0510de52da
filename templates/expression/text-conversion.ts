import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { isArray, isObject } from './json-kind.ts';

/**
 * A number as the original writes it: the shortest digits that read back the same; plain for 1E-04 up to 1E+16,
 * beyond that `1.5E+300`. Zero has no sign; `NaN` and `Infinity` are what a lenient body may hold.
 */
export function numberText(value: number | bigint): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return value === 0 ? '0' : value.toString();
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e17) return value.toString();
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  return `${digits}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`;
}

/** A value as compact JSON, numbers as `numberText` writes them. */
export function jsonText(value: JsonValue, budget: Budget): string {
  budget.spend(1);
  if (typeof value === 'number') return numberText(value);
  if (isArray(value)) return `[${value.map((item) => jsonText(item, budget)).join(',')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).map(
      ([name, member]) => `${made(JSON.stringify(name), budget)}:${jsonText(member, budget)}`,
    );
    return `{${members.join(',')}}`;
  }
  return made(typeof value === 'bigint' ? value.toString() : JSON.stringify(value), budget);
}

function made(text: string, budget: Budget): string {
  budget.spend(text.length);
  return text;
}
