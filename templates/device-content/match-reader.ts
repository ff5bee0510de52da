import type { JsonValue } from '../../core/device-message.ts';
import type { Measurement, MeasurementProperty, MessageIds } from '../../core/measurement.ts';
import type { Budget } from '../expression/budget.ts';
import type { Selected } from '../expression/json-kind.ts';
import type { ContentTemplate, PlacedExpression } from './content-template.ts';
import { optionalText, optionalTimestamp, requiredText, requiredTimestamp } from './extraction.ts';
import { withPlace } from './failure-place.ts';

/** Reads the measurement of one match. */
export class MatchReader {
  private readonly template: ContentTemplate;
  private readonly root: JsonValue;
  private readonly budget: Budget;
  /** The expression being evaluated, for the error that may come of it. */
  private placed: PlacedExpression;

  /** @param root what `$` means to the expressions of the template */
  constructor(template: ContentTemplate, root: JsonValue, budget: Budget) {
    this.template = template;
    this.root = root;
    this.budget = budget;
    this.placed = template.deviceId;
  }

  /**
   * The order of reading is the original's: it decides which failure is reported.
   *
   * @param enqueuedAt ISO UTC, as `formatTicks` writes it
   */
  read(enqueuedAt: string): Measurement {
    try {
      const deviceId = this.required(this.template.deviceId);
      const occurrenceTimeUtc = this.timestamp(enqueuedAt);
      return {
        type: this.template.typeName,
        deviceId,
        occurrenceTimeUtc,
        ingestionTimeUtc: enqueuedAt,
        ...this.ids(),
        properties: this.properties(),
      };
    } catch (error) {
      throw withPlace(error, this.template, this.placed);
    }
  }

  /** The first time that can be read; where there is none, the failure is that of the last expression. */
  private timestamp(today: string): string {
    let value: Selected;
    for (const placed of this.template.timestamps) {
      value = this.value(placed);
      const instant = optionalTimestamp(value, today);
      if (instant !== undefined) return instant;
    }
    return requiredTimestamp(value, today);
  }

  private ids(): MessageIds | undefined {
    const { correlationId, patientId, encounterId } = this.template;
    // Most templates have none of the three.
    if (!correlationId && !patientId && !encounterId) return undefined;
    return {
      ...present('correlationId', correlationId && this.required(correlationId)),
      ...present('patientId', patientId && this.optional(patientId)),
      ...present('encounterId', encounterId && this.optional(encounterId)),
    };
  }

  private properties(): MeasurementProperty[] {
    const properties: MeasurementProperty[] = [];
    for (const { name, isRequired, value: placed } of this.template.values) {
      const value = isRequired ? this.required(placed) : this.optional(placed);
      if (value !== undefined) properties.push({ name, value });
    }
    return properties;
  }

  private required(placed: PlacedExpression): string {
    return requiredText(this.value(placed));
  }

  private optional(placed: PlacedExpression): string | undefined {
    return optionalText(this.value(placed));
  }

  private value(placed: PlacedExpression): Selected {
    this.placed = placed;
    return placed.expression.value(this.root, this.budget);
  }
}

function present<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}
