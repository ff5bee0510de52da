import type { JsonObject, JsonValue } from '../../core/device-message.ts';

/** What an expression may select: nothing (`undefined`), or a JSON value. */
export type Selected = JsonValue | undefined;

export function isArray(value: Selected): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isObject(value: Selected): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNumber(value: Selected): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** An own member: names such as `constructor` must not find what every JavaScript object has. */
export function memberOf(value: Selected, name: string): Selected {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
