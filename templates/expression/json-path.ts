import type { JsonValue } from '../../core/device-message.ts';
import { isArray, isObject } from './json-kind.ts';
import { compileFilter, passesOnlyObjects } from './json-path-filter.ts';
import { sliceIndexes } from './json-path-slice.ts';
import type { Slice } from './json-path-slice.ts';
import type { Filter, Selector, Step } from './json-path-steps.ts';
import type { Emit, Walk } from './json-path-walk.ts';
import type { Run } from './run.ts';

/** Compiles steps into one closure: each is built around the next, so nothing is interpreted afterwards. */
export function compileSteps(steps: readonly Step[]): Walk {
  return steps.reduceRight<Walk>(
    (next, step) => compileStep(step, next),
    (value, _run, emit) => emit(value),
  );
}

function compileStep(step: Selector, next: Walk): Walk {
  switch (step.kind) {
    case 'names':
      return step.recursive ? namesBelow(new Set(step.names), next) : names(step.names, next);
    case 'members':
      return (value, run, emit) => !isObject(value) || each(Object.values(value), next, run, emit);
    case 'descendants':
      return (value, run, emit) => each(run.valuesFrom(value), next, run, emit);
    case 'elements':
      return (value, run, emit) => !isArray(value) || each(value, next, run, emit);
    case 'indexes':
      return indexes(step.indexes, next);
    case 'slice':
      return slice(step, next);
    case 'filter':
      return step.recursive ? filterBelow(step.filter, next) : filter(step.filter, next);
  }
}

function each(values: readonly JsonValue[], next: Walk, run: Run, emit: Emit): boolean {
  run.budget.spend(values.length);
  for (const value of values) {
    if (!next(value, run, emit)) return false;
  }
  return true;
}

function names(wanted: readonly string[], next: Walk): Walk {
  return (value, run, emit) => {
    run.budget.spend(wanted.length);
    if (!isObject(value)) return true;
    return wanted.every((name) => !Object.hasOwn(value, name) || next(value[name] ?? null, run, emit));
  };
}

function namesBelow(wanted: ReadonlySet<string>, next: Walk): Walk {
  const below: Walk = (value, run, emit) => {
    if (typeof value !== 'object' || value === null) return true;
    if (isArray(value)) return each(value, below, run, emit);
    return Object.entries(value).every(([name, member]) => {
      run.budget.spend(1);
      return (!wanted.has(name) || next(member, run, emit)) && below(member, run, emit);
    });
  };
  return below;
}

/** The value itself and everything below it that passes, parents before children. */
function filterBelow(condition: Filter, next: Walk): Walk {
  const passes = compileFilter(condition, compileSteps);
  const wantsObjects = passesOnlyObjects(condition);
  return (value, run, emit) => {
    const candidates = wantsObjects ? run.objectsFrom(value) : run.valuesFrom(value);
    run.budget.spend(candidates.length);
    for (const candidate of candidates) {
      if (passes(candidate, run) && !next(candidate, run, emit)) return false;
    }
    return true;
  };
}

function indexes(wanted: readonly number[], next: Walk): Walk {
  return (value, run, emit) => {
    run.budget.spend(wanted.length);
    if (!isArray(value)) return true;
    return wanted.every((index) => {
      const element = value.at(index);
      return element === undefined || next(element, run, emit);
    });
  };
}

function slice(step: Slice, next: Walk): Walk {
  return (value, run, emit) => {
    if (!isArray(value)) return true;
    for (const index of sliceIndexes(step, value.length)) {
      run.budget.spend(1);
      const element = value[index];
      if (element !== undefined && !next(element, run, emit)) return false;
    }
    return true;
  };
}

function filter(condition: Filter, next: Walk): Walk {
  const passes = compileFilter(condition, compileSteps);
  return (value, run, emit) => {
    if (!isArray(value)) return true;
    run.budget.spend(value.length);
    return value.every((element) => !passes(element, run) || next(element, run, emit));
  };
}
