/** The way from a root to a value below it: names of members, indexes of elements. */
export type ValueKeys = readonly (string | number)[];

/** A JSONPath that selects the value at the keys alone. */
export function jsonPathOf(keys: ValueKeys): string {
  return `$${keys.map(jsonPathStep).join('')}`;
}

function jsonPathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  if (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(key)) return `.${key}`;
  return `['${key.replace(/['\\]/g, '\\$&')}']`;
}

/** A JMESPath that selects the value at the keys. */
export function jmesPathOf(keys: ValueKeys): string {
  if (keys.length === 0) return '@';
  return keys.map(jmesPathStep).join('').replace(/^\./, '');
}

function jmesPathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return `.${/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)}`;
}
