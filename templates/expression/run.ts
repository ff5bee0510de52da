import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { isArray, isObject } from './json-kind.ts';

/**
 * What evaluations on one root share: `$` inside filters, what is left to spend, and what lies below the root. Every
 * template's `..` walks the same message, so its values are gathered once.
 */
export class Run {
  readonly root: JsonValue;
  readonly budget: Budget;
  private rootValues: readonly JsonValue[] | undefined;
  private rootObjects: readonly JsonObject[] | undefined;

  constructor(root: JsonValue, budget: Budget) {
    this.root = root;
    this.budget = budget;
  }

  /** A value and all below it, parents before children. */
  valuesFrom(value: JsonValue): readonly JsonValue[] {
    if (value !== this.root) return gathered(value, this.budget);
    return (this.rootValues ??= gathered(value, this.budget));
  }

  /** The objects among `valuesFrom`. */
  objectsFrom(value: JsonValue): readonly JsonObject[] {
    if (value !== this.root) return gathered(value, this.budget).filter(isObject);
    return (this.rootObjects ??= this.valuesFrom(value).filter(isObject));
  }
}

function gathered(value: JsonValue, budget: Budget): readonly JsonValue[] {
  const found: JsonValue[] = [];
  gather(value, budget, found);
  return found;
}

function gather(value: JsonValue, budget: Budget, found: JsonValue[]): void {
  budget.spend(1);
  found.push(value);
  if (typeof value !== 'object' || value === null) return;
  for (const child of isArray(value) ? value : Object.values(value)) gather(child, budget, found);
}
