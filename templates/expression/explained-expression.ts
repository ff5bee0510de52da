import type { JsonValue } from '../../core/device-message.ts';
import type { IngestErrorCode } from '../../core/errors.ts';

/** Of what an explanation lists it shows the first few, each as `shownValue` has it; counts are of all. */
export const SHOWN_COUNT = 10;

/**
 * What an expression did on a message, step by step. It holds values of the message: it is for whoever has the message at
 * hand, never for a log.
 */
export interface ExplainedExpression {
  readonly language: 'JsonPath' | 'JmesPath';
  readonly text: string;
  /**
   * In the order of evaluation: the steps of a JSONPath, up to the first that found nothing; the sub-expressions of a
   * JMESPath, the inner before the outer.
   */
  readonly steps: readonly ExplainedStep[];
  /** Where the expression found nothing: the index of the first step that found nothing. */
  readonly emptyAt?: number;
  /** Paths that exist where that step found nothing, the most likely first. */
  readonly nearest: readonly NearPath[];
  /** Why the steps end before the expression does. */
  readonly failure?: ExplainedFailure;
}

export interface ExplainedStep {
  /** The step as written; of a JMESPath, all up to and with it. */
  readonly text: string;
  /** How many values it found; null counts for a JSONPath, and not for a JMESPath. */
  readonly count: number;
  readonly values: readonly JsonValue[];
  /** Of a JSONPath: where the values are. */
  readonly paths?: readonly string[];
  /** Of a filter: what it asks, each on its own. */
  readonly tests?: readonly ExplainedTest[];
}

export interface ExplainedTest {
  /** As written: `@.type == 'pulse'`. */
  readonly text: string;
  readonly candidateCount: number;
  readonly passedCount: number;
  /** Of a JSONPath: what its left side found, in all candidates. */
  readonly values?: readonly JsonValue[];
}

/** A path that exists, and what it has to do with one that does not. */
export interface NearPath {
  readonly path: string;
  /**
   * In the same place another `case` or `spelling` of the name; the name in its own or another case `elsewhere`; whatever
   * else is `there`.
   */
  readonly kind: 'case' | 'spelling' | 'elsewhere' | 'there';
}

export interface ExplainedFailure {
  readonly code: IngestErrorCode;
  readonly message: string;
}
