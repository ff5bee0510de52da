import { IngestError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/device-message.ts';
import type { Budget } from './budget.ts';
import { compileJmesPath } from './jmes-path.ts';
import { parseJmesPath } from './jmes-path-parser.ts';
import { isArray } from './json-kind.ts';
import type { Selected } from './json-kind.ts';
import { compileSteps } from './json-path.ts';
import { parseJsonPath } from './json-path-parser.ts';
import type { ExpressionWarning } from './json-path-steps.ts';

export type ExpressionLanguage = 'JsonPath' | 'JmesPath';

/** An expression of a template, compiled once when the template is loaded. */
export interface Expression {
  readonly language: ExpressionLanguage;
  readonly text: string;
  readonly warnings: readonly ExpressionWarning[];
  /**
   * Hands every value the expression selects as a match to `take`, in document order.
   *
   * @throws IngestError EXPRESSION_FAILED, LIMIT_EXCEEDED, NUMBER_TOO_LARGE, without a place
   */
  matches(root: JsonValue, budget: Budget, take: (match: JsonValue) => void): void;
  /**
   * The one value the expression selects; undefined for none.
   *
   * @throws IngestError EXPRESSION_MANY_VALUES, and as `matches`
   */
  value(root: JsonValue, budget: Budget): Selected;
}

/** @throws ExpressionSyntaxError */
export function compileExpression(text: string, language: ExpressionLanguage): Expression {
  return language === 'JsonPath' ? jsonPathExpression(text) : jmesPathExpression(text);
}

function jsonPathExpression(text: string): Expression {
  const { steps, warnings } = parseJsonPath(text);
  const walk = compileSteps(steps);
  return {
    language: 'JsonPath',
    text,
    warnings,
    matches(root, budget, take) {
      walk(root, { root, budget }, (match) => {
        budget.spendMatch();
        take(match);
        return true;
      });
    },
    value(root, budget) {
      let found: Selected;
      const isOne = walk(root, { root, budget }, (value) => {
        const isFirst = found === undefined;
        found = value;
        return isFirst;
      });
      if (!isOne) throw manyValues();
      return found;
    },
  };
}

function jmesPathExpression(text: string): Expression {
  const evaluate = compileJmesPath(parseJmesPath(text));
  return {
    language: 'JmesPath',
    text,
    warnings: [],
    matches(root, budget, take) {
      const { value, isProjection } = evaluate(root, budget);
      // A projection matches with each of its elements, any other value once; `false` says that nothing matches.
      if (value === undefined || value === null || value === false) return;
      for (const match of isProjection && isArray(value) ? value : [value]) {
        budget.spendMatch();
        take(match);
      }
    },
    value(root, budget) {
      const { value, isProjection } = evaluate(root, budget);
      if (isProjection && isArray(value) && value.length > 1) throw manyValues();
      return value;
    },
  };
}

function manyValues(): IngestError {
  return new IngestError('EXPRESSION_MANY_VALUES', 'more than one value selected where one is expected');
}
