import type { JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import { Budget } from './budget.ts';
import type { EvaluationLimits } from './budget.ts';
import { explainJmesPath } from './explain-jmes-path.ts';
import { explainJsonPath } from './explain-json-path.ts';
import type { ExplainedExpression, ExplainedFailure, NearPath } from './explained-expression.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import { Run } from './run.ts';
import { nearestPaths } from './near-paths.ts';
import type { Missing, Trail } from './near-paths.ts';
import { jmesPathOf, jsonPathOf } from './value-keys.ts';

/** A person waits for it, and may ask for every template at once. */
const LIMITS: EvaluationLimits = { stepCount: 1_000_000, matchCount: 0 };

/** @param functions what a JMESPath may call */
export function explainExpression(
  { language, text }: Pick<ExplainedExpression, 'language' | 'text'>,
  functions: JmesFunctions,
  root: JsonValue,
): ExplainedExpression {
  const run = new Run(root, new Budget(LIMITS));
  const trail: Trail = { steps: [] };
  let failure: ExplainedFailure | undefined;
  try {
    if (language === 'JsonPath') explainJsonPath(text, run, trail);
    else explainJmesPath(text, functions, run, trail);
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    failure = { code: error.code, message: error.message };
  }
  const { steps, missing } = trail;
  return {
    language,
    text,
    steps,
    ...(missing && { emptyAt: steps.findIndex(({ count }) => count === 0) }),
    nearest: missing ? nearestIn(root, missing, language) : [],
    ...(failure && { failure }),
  };
}

function nearestIn(root: JsonValue, missing: Missing, language: ExplainedExpression['language']): readonly NearPath[] {
  try {
    const run = new Run(root, new Budget(LIMITS));
    return nearestPaths(missing, run, language === 'JsonPath' ? jsonPathOf : jmesPathOf);
  } catch (error) {
    // A message too large to look through is explained without.
    if (error instanceof IngestError) return [];
    throw error;
  }
}
