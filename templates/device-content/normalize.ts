import type { JsonObject } from '../../core/device-message.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { EvaluationLimits } from '../expression/budget.ts';
import type { ContentTemplate } from './content-template.ts';
import type { NormalizeContext } from './device-content.ts';
import { MessageReader } from './message-reader.ts';

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
  const reader = new MessageReader(message, context, limits);
  const measurements: Measurement[] = [];
  for (const template of templates) {
    for (const match of reader.matchesOf(template)) measurements.push(reader.measurementOf(template, match));
  }
  return measurements;
}
