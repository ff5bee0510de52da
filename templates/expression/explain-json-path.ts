import type { JsonValue } from '../../core/device-message.ts';
import { SHOWN_COUNT } from './explained-expression.ts';
import type { ExplainedStep, ExplainedTest } from './explained-expression.ts';
import { compileSteps } from './json-path.ts';
import { compileFilter } from './json-path-filter.ts';
import { candidatesOf, selectLocated, selfAndBelow } from './json-path-located.ts';
import type { Located } from './json-path-located.ts';
import { parseJsonPath } from './json-path-parser.ts';
import type { Filter, FilterTest, Operand, Step } from './json-path-steps.ts';
import type { Run } from './run.ts';
import type { Missing, Trail } from './near-paths.ts';
import { shownValue } from './shown-value.ts';
import { jsonPathOf } from './value-keys.ts';

type FilterStep = Extract<Step, { kind: 'filter' }>;

/** Takes the steps of a path one after the other, up to the first that finds nothing. */
export function explainJsonPath(text: string, run: Run, trail: Trail): void {
  let found: readonly Located[] = [{ value: run.root, keys: [] }];
  for (const step of parseJsonPath(text).steps) {
    const places = found;
    found = places.flatMap((place) => selectLocated(step, place, run));
    const tests = step.kind === 'filter' && { tests: explainTests(step, places, run) };
    trail.steps.push({ text: step.text, count: found.length, ...shown(found), ...tests });
    if (found.length === 0) {
      trail.missing = missingAt(step, places, run);
      return;
    }
  }
}

function shown(found: readonly Located[]): Pick<ExplainedStep, 'values' | 'paths'> {
  const first = found.slice(0, SHOWN_COUNT);
  return { values: first.map(({ value }) => shownValue(value)), paths: first.map(({ keys }) => jsonPathOf(keys)) };
}

function explainTests(step: FilterStep, places: readonly Located[], run: Run): ExplainedTest[] {
  const candidates = places.flatMap((place) => candidatesOf(step, place, run));
  return testsOf(step.filter).map((test) => {
    const passes = compileFilter(test, compileSteps);
    return {
      text: test.text,
      candidateCount: candidates.length,
      passedCount: candidates.filter(({ value }) => passes(value, run)).length,
      values: operandValues(asked(test), candidates, run).slice(0, SHOWN_COUNT).map(shownValue),
    };
  });
}

function testsOf(filter: Filter): FilterTest[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [...testsOf(filter.left), ...testsOf(filter.right)];
    case 'not':
      return testsOf(filter.filter);
    case 'exists':
    case 'matches':
    case 'compare':
      return [filter];
  }
}

function asked(test: FilterTest): Operand {
  return test.kind === 'compare' ? test.left : test.operand;
}

function operandValues(operand: Operand, candidates: readonly Located[], run: Run): JsonValue[] {
  if (operand.kind === 'literal' || operand.from === '$') return [];
  return follow(operand.steps, candidates, run).found.map(({ value }) => value);
}

/** Takes steps up to the first that finds nothing. */
function follow(steps: readonly Step[], from: readonly Located[], run: Run) {
  let found = from;
  for (const step of steps) {
    const places = found;
    found = places.flatMap((place) => selectLocated(step, place, run));
    if (found.length === 0) return { found, failed: { step, places } };
  }
  return { found };
}

/** What a step that found nothing was looking for; a filter, by the first of its paths that finds nothing anywhere. */
function missingAt(step: Step, places: readonly Located[], run: Run): Missing {
  if (step.kind === 'names') {
    const searched = step.recursive ? places.flatMap((place) => selfAndBelow(place, run)) : places;
    return { names: step.names, places: searched };
  }
  if (step.kind !== 'filter') return { names: [], places };
  const candidates = places.flatMap((place) => candidatesOf(step, place, run));
  for (const test of testsOf(step.filter)) {
    const operand = asked(test);
    if (operand.kind === 'literal' || operand.from === '$') continue;
    const { failed } = follow(operand.steps, candidates, run);
    if (failed) return missingAt(failed.step, failed.places, run);
  }
  return { names: [], places: candidates.length === 0 ? places : [] };
}
