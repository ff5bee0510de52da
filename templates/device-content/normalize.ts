import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import type { Measurement, MeasurementProperty } from '../../core/measurement.ts';
import { formatTicks, ticksOf } from '../../core/ticks.ts';
import { Budget } from '../expression/budget.ts';
import type { EvaluationLimits } from '../expression/budget.ts';
import type { ContentTemplate, PlacedExpression } from './content-template.ts';
import type { NormalizeContext } from './device-content.ts';
import { optionalText, requiredText, requiredTimestamp } from './extraction.ts';

/**
 * Evaluates every template on a message: measurements in the order of the templates, then of their matches. All or
 * nothing: the first failure stops the message.
 *
 * @throws IngestError with the place as details: templateIndex, typeName, member, expression
 */
export function normalizeMessage(
  templates: readonly ContentTemplate[],
  message: JsonObject,
  context: NormalizeContext,
  limits?: EvaluationLimits,
): Measurement[] {
  const budget = new Budget(limits);
  const enqueuedAt = formatTicks(ticksOf(context.enqueuedAt));
  return templates.flatMap((template) => {
    const matches = matchesOf(template, message, budget);
    return matches.map((match) =>
      new MatchReader(template, scopeOf(template, message, match), budget).read(enqueuedAt),
    );
  });
}

function matchesOf(template: ContentTemplate, message: JsonObject, budget: Budget): JsonValue[] {
  const matches: JsonValue[] = [];
  atPlace(template, template.typeMatch, () => {
    template.typeMatch.expression.matches(message, budget, (match) => matches.push(match));
  });
  return matches;
}

/** A shallow copy is enough: expressions only read. A root `matchedToken` of the message gives way, and comes last. */
function scopeOf(template: ContentTemplate, message: JsonObject, match: JsonValue): JsonValue {
  if (template.scope === 'match') return match;
  const { matchedToken: _replaced, ...rest } = message;
  return { ...rest, matchedToken: match };
}

/** Reads the measurement of one match. */
class MatchReader {
  private readonly template: ContentTemplate;
  private readonly root: JsonValue;
  private readonly budget: Budget;

  constructor(template: ContentTemplate, root: JsonValue, budget: Budget) {
    this.template = template;
    this.root = root;
    this.budget = budget;
  }

  /** The order of reading is the original's: it decides which failure is reported. */
  read(enqueuedAt: string): Measurement {
    const { typeName, deviceId, correlationId, patientId, encounterId } = this.template;
    const device = this.required(deviceId);
    const occurredAt = this.timestamp(enqueuedAt);
    const ids = {
      ...present('correlationId', correlationId && this.required(correlationId)),
      ...present('patientId', patientId && this.optional(patientId)),
      ...present('encounterId', encounterId && this.optional(encounterId)),
    };
    return {
      type: typeName,
      deviceId: device,
      occurrenceTimeUtc: occurredAt,
      ingestionTimeUtc: enqueuedAt,
      ...ids,
      properties: this.properties(),
    };
  }

  private properties(): MeasurementProperty[] {
    return this.template.values.flatMap(({ name, isRequired, value: placed }) => {
      const value = isRequired ? this.required(placed) : this.optional(placed);
      return value === undefined ? [] : [{ name, value }];
    });
  }

  private required(placed: PlacedExpression): string {
    return this.at(placed, () => requiredText(placed.expression.value(this.root, this.budget)));
  }

  private optional(placed: PlacedExpression): string | undefined {
    return this.at(placed, () => optionalText(placed.expression.value(this.root, this.budget)));
  }

  private timestamp(today: string): string {
    const [first, ...fallbacks] = this.template.timestamps;
    const read = (placed: PlacedExpression) =>
      this.at(placed, () => requiredTimestamp(placed.expression.value(this.root, this.budget), today));
    return fallbacks.reduce(
      (previous, fallback) => () => orElse(previous, () => read(fallback)),
      () => read(first),
    )();
  }

  private at<Result>(placed: PlacedExpression, evaluate: () => Result): Result {
    return atPlace(this.template, placed, evaluate);
  }
}

/** The next timestamp is tried where there is none, or none that can be read; limits and the like stay errors. */
function orElse(first: () => string, next: () => string): string {
  try {
    return first();
  } catch (error) {
    if (error instanceof IngestError && /^(?:REQUIRED_VALUE|TIMESTAMP)_/.test(error.code)) return next();
    throw error;
  }
}

function present<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

function atPlace<Result>(template: ContentTemplate, placed: PlacedExpression, evaluate: () => Result): Result {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    const { index, typeName } = template;
    const { text } = placed.expression;
    const message = `Template ${index} (${typeName}), ${placed.member}, ${text}: ${error.message}`;
    throw new IngestError(error.code, message, {
      templateIndex: index,
      typeName,
      member: placed.member,
      expression: text,
    });
  }
}
