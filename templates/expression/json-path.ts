import type { JsonValue } from '../../core/device-message.ts';
import { isArray, isObject } from './json-kind.ts';
import { compileFilter } from './json-path-filter.ts';
import type { Step } from './json-path-steps.ts';
import type { Condition, Emit, Run, Walk } from './json-path-walk.ts';

/** Compiles steps into one closure: each is built around the next, so nothing is interpreted afterwards. */
export function compileSteps(steps: readonly Step[]): Walk {
  return steps.reduceRight<Walk>(
    (next, step) => compileStep(step, next),
    (value, _run, emit) => emit(value),
  );
}

function compileStep(step: Step, next: Walk): Walk {
  switch (step.kind) {
    case 'names':
      return step.recursive ? namesBelow(new Set(step.names), next) : names(step.names, next);
    case 'members':
      return (value, run, emit) => !isObject(value) || each(Object.values(value), next, run, emit);
    case 'descendants':
      return selfAndBelow(() => true, next);
    case 'elements':
      return (value, run, emit) => !isArray(value) || each(value, next, run, emit);
    case 'indexes':
      return indexes(step.indexes, next);
    case 'slice':
      return slice(step, next);
    case 'filter':
      return step.recursive ? selfAndBelow(compileFilter(step.filter, compileSteps), next) : filter(step.filter, next);
  }
}

function each(values: readonly JsonValue[], next: Walk, run: Run, emit: Emit): boolean {
  run.budget.spend(values.length);
  return values.every((value) => next(value, run, emit));
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
function selfAndBelow(passes: Condition, next: Walk): Walk {
  const walk: Walk = (value, run, emit) => {
    run.budget.spend(1);
    if (passes(value, run) && !next(value, run, emit)) return false;
    if (typeof value !== 'object' || value === null) return true;
    const children = isArray(value) ? value : Object.values(value);
    return children.every((child) => walk(child, run, emit));
  };
  return walk;
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

function slice({ start, end, stride }: Extract<Step, { kind: 'slice' }>, next: Walk): Walk {
  return (value, run, emit) => {
    if (!isArray(value)) return true;
    const count = value.length;
    const fromEnd = (bound: number) => (bound < 0 ? count + bound : bound);
    const first = start === undefined ? (stride > 0 ? 0 : count - 1) : fromEnd(start);
    const last = end === undefined ? (stride > 0 ? count : -1) : fromEnd(end);
    const from = stride > 0 ? Math.max(first, 0) : Math.min(first, count - 1);
    const to = Math.min(Math.max(last, -1), count);
    for (let index = from; stride > 0 ? index < to : index > to; index += stride) {
      run.budget.spend(1);
      const element = value[index];
      if (element !== undefined && !next(element, run, emit)) return false;
    }
    return true;
  };
}

function filter(condition: Extract<Step, { kind: 'filter' }>['filter'], next: Walk): Walk {
  const passes = compileFilter(condition, compileSteps);
  return (value, run, emit) => {
    if (!isArray(value)) return true;
    run.budget.spend(value.length);
    return value.every((element) => !passes(element, run) || next(element, run, emit));
  };
}
