import type { JsonValue } from '../../core/device-message.ts';
import { isArray, isObject } from './json-kind.ts';
import { compileSteps } from './json-path.ts';
import { compileFilter } from './json-path-filter.ts';
import { sliceIndexes } from './json-path-slice.ts';
import type { Filter, Selector } from './json-path-steps.ts';
import type { Run } from './run.ts';
import type { ValueKeys } from './value-keys.ts';

/** A value, and where it is. */
export interface Located {
  readonly value: JsonValue;
  readonly keys: ValueKeys;
}

/** What one step of a JSONPath selects from a value, as its compiled form does, with the places of the values. */
export function selectLocated(step: Selector, from: Located, run: Run): Located[] {
  switch (step.kind) {
    case 'names':
      return step.recursive ? namedBelow(step.names, from, run) : named(step.names, from);
    case 'members':
      return isObject(from.value) ? childrenOf(from, run) : [];
    case 'descendants':
      return selfAndBelow(from, run);
    case 'elements':
      return isArray(from.value) ? childrenOf(from, run) : [];
    case 'indexes':
      return step.indexes.flatMap((index) => elementAt(from, index));
    case 'slice':
      return isArray(from.value)
        ? [...sliceIndexes(step, from.value.length)].flatMap((index) => elementAt(from, index))
        : [];
    case 'filter': {
      const passes = compileFilter(step.filter, compileSteps);
      return candidatesOf(step, from, run).filter(({ value }) => passes(value, run));
    }
  }
}

/** What a filter looks at: the elements of an array, after `..` the value itself and all below it. */
export function candidatesOf(
  { recursive }: { readonly filter: Filter; readonly recursive: boolean },
  from: Located,
  run: Run,
): Located[] {
  if (recursive) return selfAndBelow(from, run);
  return isArray(from.value) ? childrenOf(from, run) : [];
}

/** Members or elements, in document order. */
export function childrenOf({ value, keys }: Located, run: Run): Located[] {
  if (typeof value !== 'object' || value === null) return [];
  const children: Located[] = isArray(value)
    ? value.map((item, index) => ({ value: item, keys: [...keys, index] }))
    : Object.entries(value).map(([name, member]) => ({ value: member, keys: [...keys, name] }));
  run.budget.spend(children.length);
  return children;
}

/** A value and all below it, parents before children. */
export function selfAndBelow(from: Located, run: Run): Located[] {
  return [from, ...childrenOf(from, run).flatMap((child) => selfAndBelow(child, run))];
}

function named(names: readonly string[], { value, keys }: Located): Located[] {
  return names.flatMap((name) =>
    isObject(value) && Object.hasOwn(value, name) ? [{ value: value[name] ?? null, keys: [...keys, name] }] : [],
  );
}

function namedBelow(names: readonly string[], from: Located, run: Run): Located[] {
  return childrenOf(from, run).flatMap((child) => {
    const name = child.keys.at(-1);
    const isNamed = typeof name === 'string' && names.includes(name);
    return [...(isNamed ? [child] : []), ...namedBelow(names, child, run)];
  });
}

function elementAt({ value, keys }: Located, index: number): Located[] {
  if (!isArray(value)) return [];
  const at = index < 0 ? value.length + index : index;
  const element = value[at];
  return element === undefined ? [] : [{ value: element, keys: [...keys, at] }];
}
