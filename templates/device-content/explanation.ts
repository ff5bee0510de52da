import { stringify } from 'lossless-json';
import type { JsonValue } from '../../core/device-message.ts';
import type { IngestErrorDetails } from '../../core/errors.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { ExplainedExpression, ExplainedFailure } from '../expression/explained-expression.ts';

/**
 * What the templates do with one message, and why: plain data, which `explanationJson` prints. It holds values of the
 * message: it is for whoever has the message at hand, never for a log.
 */
export interface Explanation {
  /** What `normalize` does with the message. */
  readonly outcome: { readonly measurements: readonly Measurement[] } | { readonly failure: PlacedFailure };
  /** Every template, those behind the one that failed too. */
  readonly templates: readonly ExplainedTemplate[];
}

export interface PlacedFailure extends ExplainedFailure {
  /** templateIndex, typeName, member, expression. */
  readonly details: IngestErrorDetails;
}

export interface ExplainedTemplate {
  readonly index: number;
  readonly typeName: string;
  readonly typeMatch: ExplainedExpression;
  readonly matchCount: number;
  /** The first ten, and the first that failed. */
  readonly matches: readonly ExplainedMatch[];
  /** Of the type match. */
  readonly failure?: PlacedFailure;
}

export interface ExplainedMatch {
  /** Its place among the matches of the template. */
  readonly index: number;
  readonly match: JsonValue;
  /** In the order of reading, those behind the one that failed too. */
  readonly members: readonly ExplainedMember[];
  readonly outcome: { readonly measurement: Measurement } | { readonly failure: PlacedFailure };
}

export interface ExplainedMember {
  /** As errors name it: `values[0].valueExpression`. */
  readonly member: string;
  /** Of a value. */
  readonly valueName?: string;
  readonly isRequired: boolean;
  readonly expression: ExplainedExpression;
  readonly result: ExplainedResult;
}

export type ExplainedResult =
  | { readonly kind: 'text'; readonly text: string }
  /** Nothing that is needed: left out, or the next timestamp is tried. */
  | { readonly kind: 'absent'; readonly reason: string }
  | ({ readonly kind: 'failed' } & ExplainedFailure);

/** As JSON text, integers to the last digit: `JSON.stringify` takes none beyond a double. */
export function explanationJson(explanation: Explanation, indent?: number): string {
  return stringify(explanation, null, indent) ?? '';
}
