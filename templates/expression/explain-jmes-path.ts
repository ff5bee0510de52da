import type { JmesFunctions } from './jmes-functions.ts';
import { compileJmesPath } from './jmes-path.ts';
import { parseJmesPath } from './jmes-path-parser.ts';
import { JmesTrace } from './jmes-trace.ts';
import { isArray } from './json-kind.ts';
import type { Run } from './run.ts';
import type { Trail } from './near-paths.ts';

/**
 * Evaluates the sub-expressions one after the other, the inner before the outer.
 *
 * @throws IngestError as the expression does
 */
export function explainJmesPath(text: string, functions: JmesFunctions, run: Run, trail: Trail): void {
  const parsed = parseJmesPath(text, functions);
  new JmesTrace(parsed.literals, functions, run, trail).of(parsed.tree, [run.root]);
  const { value, isProjection } = compileJmesPath(parsed, functions)(run.root, run.budget);
  // An empty list that is no projection is a value like any other.
  const isNothing = value === undefined || value === null || (isProjection && isArray(value) && value.length === 0);
  // What one side of an expression does not find, the other may.
  if (!isNothing) trail.missing = undefined;
}
