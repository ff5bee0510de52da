import { IngestError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { explainExpression } from './explain-expression.ts';
import type { ExplainedExpression } from './explained-expression.ts';
import { JMES_FUNCTIONS } from './jmes-functions.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import { compileJmesPath } from './jmes-path.ts';
import { parseJmesPath } from './jmes-path-parser.ts';
import { isArray } from './json-kind.ts';
import type { Selected } from './json-kind.ts';
import { compileSteps } from './json-path.ts';
import { parseJsonPath } from './json-path-parser.ts';
import { compileSingle } from './json-path-single.ts';
import type { ExpressionWarning } from './json-path-steps.ts';
import { Run } from './run.ts';
import type { Walk } from './json-path-walk.ts';

export type ExpressionLanguage = 'JsonPath' | 'JmesPath';

/** An expression of a template, compiled once when the template is loaded. */
export interface Expression {
  readonly language: ExpressionLanguage;
  /** With the language it says what is selected: type matches alike in both are evaluated once. */
  readonly text: string;
  readonly warnings: readonly ExpressionWarning[];
  /**
   * Every value the expression selects as a match, in document order; each is counted as a match.
   *
   * @throws IngestError EXPRESSION_FAILED, LIMIT_EXCEEDED, NUMBER_TOO_LARGE, without a place
   */
  matches(run: Run): readonly JsonValue[];
  /**
   * The one value the expression selects; undefined for none.
   *
   * @throws IngestError EXPRESSION_MANY_VALUES, and as `matches`
   */
  value(root: JsonValue, budget: Budget): Selected;
  /** What the expression does on a value, step by step; slow, and for people. */
  explain(root: JsonValue): ExplainedExpression;
}

/**
 * @param functions what a JMESPath may call
 * @throws ExpressionSyntaxError
 */
export function compileExpression(
  text: string,
  language: ExpressionLanguage,
  functions: JmesFunctions = JMES_FUNCTIONS,
): Expression {
  return language === 'JsonPath' ? jsonPathExpression(text) : jmesPathExpression(text, functions);
}

function jsonPathExpression(text: string): Expression {
  const { steps, warnings } = parseJsonPath(text);
  const walk = compileSteps(steps);
  return {
    language: 'JsonPath',
    text,
    warnings,
    matches(run) {
      const matches: JsonValue[] = [];
      walk(run.root, run, (match) => {
        run.budget.spendMatches(1);
        matches.push(match);
        return true;
      });
      return matches;
    },
    value: compileSingle(steps) ?? oneOf(walk),
    explain: (root) => explainExpression({ language: 'JsonPath', text }, JMES_FUNCTIONS, root),
  };
}

/** Reads the value of a path that may select several. */
function oneOf(walk: Walk): Expression['value'] {
  return (root, budget) => {
    let found: Selected;
    const isOne = walk(root, new Run(root, budget), (value) => {
      const isFirst = found === undefined;
      found = value;
      return isFirst;
    });
    if (!isOne) throw manyValues();
    return found;
  };
}

function jmesPathExpression(text: string, functions: JmesFunctions): Expression {
  const evaluate = compileJmesPath(parseJmesPath(text, functions), functions);
  return {
    language: 'JmesPath',
    text,
    warnings: [],
    matches({ root, budget }) {
      const { value, isProjection } = evaluate(root, budget);
      // A projection matches with each of its elements, any other value once; `false` says that nothing matches.
      if (value === undefined || value === null || value === false) return [];
      const matches = isProjection && isArray(value) ? value : [value];
      budget.spendMatches(matches.length);
      return matches;
    },
    value(root, budget) {
      const { value, isProjection } = evaluate(root, budget);
      if (isProjection && isArray(value) && value.length > 1) throw manyValues();
      return value;
    },
    explain: (root) => explainExpression({ language: 'JmesPath', text }, functions, root),
  };
}

function manyValues(): IngestError {
  return new IngestError('EXPRESSION_MANY_VALUES', 'more than one value selected where one is expected');
}
