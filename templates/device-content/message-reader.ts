import type { JsonObject, JsonValue } from '../../core/device-message.ts';
import type { Measurement } from '../../core/measurement.ts';
import { canonicalInstant } from '../../core/ticks.ts';
import { Budget } from '../expression/budget.ts';
import type { EvaluationLimits } from '../expression/budget.ts';
import { Run } from '../expression/run.ts';
import { mayBeMoved, orderedObject } from '../ordered-members.ts';
import type { ContentTemplate } from './content-template.ts';
import type { NormalizeContext } from './device-content.ts';
import { withPlace } from './failure-place.ts';
import { MatchReader } from './match-reader.ts';

/**
 * Reads the measurements of one message, template by template, in their order.
 *
 * Its methods throw IngestError with the place as details: templateIndex, typeName, member, expression.
 */
export class MessageReader {
  private readonly message: JsonObject;
  private readonly enqueuedAt: string;
  private readonly run: Run;
  /** By template index. */
  private readonly matches: (readonly JsonValue[])[] = [];
  private messageScope: Record<string, JsonValue> | undefined;

  /** @throws RangeError for an enqueued time that is none: the caller's defect, not the message's */
  constructor(message: JsonObject, { enqueuedAt }: NormalizeContext, limits?: EvaluationLimits) {
    const instant = canonicalInstant(enqueuedAt);
    if (instant === undefined) throw new RangeError('Expected enqueuedAt as YYYY-MM-DDThh:mm:ss[.fffffff]Z');
    this.message = message;
    this.enqueuedAt = instant;
    this.run = new Run(message, new Budget(limits));
  }

  matchesOf(template: ContentTemplate): readonly JsonValue[] {
    const { index, typeMatch, sameTypeMatchAt } = template;
    try {
      const known = sameTypeMatchAt === undefined ? undefined : this.matches[sameTypeMatchAt];
      if (known) this.run.budget.spendMatches(known.length);
      return (this.matches[index] = known ?? typeMatch.expression.matches(this.run));
    } catch (error) {
      throw withPlace(error, template, typeMatch);
    }
  }

  measurementOf(template: ContentTemplate, match: JsonValue): Measurement {
    return new MatchReader(template, this.scopeOf(template, match), this.run.budget).read(this.enqueuedAt);
  }

  /**
   * What `$` means to all but the type match. A root `matchedToken` of the message gives way, and the match comes last.
   * Expressions only read and their results become texts at once, so one copy of the message serves every match.
   *
   * @returns a value that holds until the next call
   */
  scopeOf(template: ContentTemplate, match: JsonValue): JsonValue {
    if (template.scope === 'match') return match;
    this.messageScope ??= scopeWith(this.message);
    this.messageScope['matchedToken'] = match;
    return this.messageScope;
  }
}

/** The message with `matchedToken` as its last member, or without any yet. */
function scopeWith(message: JsonObject): Record<string, JsonValue> {
  const { matchedToken: _givesWay, ...rest } = message;
  if (!mayBeMoved(Object.keys(rest))) return rest;
  const members = Object.entries(message).filter(([name]) => name !== 'matchedToken');
  return orderedObject([...members, ['matchedToken', null]]);
}
