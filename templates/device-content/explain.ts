import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import type { Measurement } from '../../core/measurement.ts';
import { Budget } from '../expression/budget.ts';
import { SHOWN_COUNT } from '../expression/explained-expression.ts';
import { shownValue } from '../expression/shown-value.ts';
import type { ContentTemplate } from './content-template.ts';
import type { NormalizeContext } from './device-content.ts';
import { explainMembers } from './explain-members.ts';
import type { ExplainedMatch, ExplainedTemplate, Explanation, PlacedFailure } from './explanation.ts';
import { MessageReader } from './message-reader.ts';

/** Evaluates every template on a message as `normalizeMessage` does, and says step by step what came of it. */
export function explainMessage(
  templates: readonly ContentTemplate[],
  message: JsonObject,
  context: NormalizeContext,
): Explanation {
  const explainer = new MessageExplainer(message, context);
  const explained = templates.map((template) => explainer.template(template));
  const { failure, measurements } = explainer;
  return { outcome: failure ? { failure } : { measurements }, templates: explained };
}

class MessageExplainer {
  /** The first, at which `normalizeMessage` stops. */
  failure: PlacedFailure | undefined;
  readonly measurements: Measurement[] = [];
  private readonly message: JsonObject;
  private readonly context: NormalizeContext;
  private reader: MessageReader;
  private isSpent = false;

  constructor(message: JsonObject, context: NormalizeContext) {
    this.message = message;
    this.context = context;
    this.reader = new MessageReader(message, context);
  }

  /** Behind a template that failed the next one is read as if it came first: with a whole budget. */
  template(template: ContentTemplate): ExplainedTemplate {
    const { index, typeName } = template;
    if (this.isSpent) this.reader = new MessageReader(this.message, this.context);
    this.isSpent = false;
    const typeMatch = template.typeMatch.expression.explain(this.message);
    const found = this.attempt(() => this.reader.matchesOf(template));
    if ('failure' in found) return { index, typeName, typeMatch, matchCount: 0, matches: [], failure: found.failure };
    const matches = this.matches(template, found.value);
    return { index, typeName, typeMatch, matchCount: found.value.length, matches };
  }

  private matches(template: ContentTemplate, found: readonly JsonValue[]): ExplainedMatch[] {
    const explained: ExplainedMatch[] = [];
    const budget = new Budget();
    let hasFailed = false;
    for (const [index, match] of found.entries()) {
      const read = this.attempt(() => this.reader.measurementOf(template, match));
      const isFirstFailure: boolean = 'failure' in read && !hasFailed;
      hasFailed ||= isFirstFailure;
      if ('value' in read) this.measurements.push(read.value);
      if (index >= SHOWN_COUNT && !isFirstFailure) continue;
      const outcome = 'failure' in read ? read : { measurement: read.value };
      const members = explainMembers(template, this.reader.scopeOf(template, match), budget, this.context);
      explained.push({ index, match: shownValue(match), members, outcome });
    }
    return explained;
  }

  private attempt<Value>(read: () => Value): { readonly value: Value } | { readonly failure: PlacedFailure } {
    try {
      return { value: read() };
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      const failure = { code: error.code, message: error.message, details: error.details };
      this.failure ??= failure;
      this.isSpent = true;
      return { failure };
    }
  }
}
