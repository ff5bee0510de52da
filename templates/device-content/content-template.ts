import type { Expression } from '../expression/expression.ts';

/** A device content template as it runs: defaults filled in, expressions compiled. */
export interface ContentTemplate {
  /** Its place in the collection. */
  readonly index: number;
  readonly typeName: string;
  /**
   * What `$` means to all but the type match: the message with the match as its root member `matchedToken`
   * (CalculatedContent), or the match itself (the JSONPath kinds).
   */
  readonly scope: 'message' | 'match';
  readonly typeMatch: PlacedExpression;
  /** The index of an earlier template with the same type match, where there is one: both share what it selects. */
  readonly sameTypeMatchAt?: number;
  readonly deviceId: PlacedExpression;
  /** Tried in order until one yields an instant; only IoT Hub templates have two. */
  readonly timestamps: readonly [PlacedExpression, ...PlacedExpression[]];
  /** Required where it is given, unlike the ids below. */
  readonly correlationId?: PlacedExpression;
  readonly patientId?: PlacedExpression;
  readonly encounterId?: PlacedExpression;
  readonly values: readonly ValueTemplate[];
}

export interface ValueTemplate {
  readonly name: string;
  readonly isRequired: boolean;
  readonly value: PlacedExpression;
}

/** An expression and the member of the template it stands in, as errors name it: `values[0].valueExpression`. */
export interface PlacedExpression {
  readonly member: string;
  readonly expression: Expression;
}

/** Notes which templates have the same type match, so that it is evaluated once. */
export function withSharedTypeMatches(templates: readonly ContentTemplate[]): readonly ContentTemplate[] {
  const firstAt = new Map<string, number>();
  return templates.map((template) => {
    const { language, text } = template.typeMatch.expression;
    const key = `${language} ${text}`;
    const sameTypeMatchAt = firstAt.get(key);
    if (sameTypeMatchAt !== undefined) return { ...template, sameTypeMatchAt };
    firstAt.set(key, template.index);
    return template;
  });
}
