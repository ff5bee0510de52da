import type { JmesFunctions } from './jmes-functions.ts';
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
  const [result] = new JmesTrace(parsed.literals, functions, run, trail).of(parsed.tree, [run.root]);
  const isNothing = result === undefined || result === null || (isArray(result) && result.length === 0);
  // What one side of an expression does not find, the other may.
  if (!isNothing) trail.missing = undefined;
}
