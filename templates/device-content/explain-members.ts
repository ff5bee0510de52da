import type { JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import type { Budget } from '../expression/budget.ts';
import { isArray } from '../expression/json-kind.ts';
import type { Selected } from '../expression/json-kind.ts';
import type { ContentTemplate, PlacedExpression } from './content-template.ts';
import type { NormalizeContext } from './device-content.ts';
import type { ExplainedMember, ExplainedResult } from './explanation.ts';
import { optionalText, optionalTimestamp, requiredText, requiredTimestamp } from './extraction.ts';

/** What makes a text of a selected value; undefined for one that is not needed and not there. */
type Extract = (value: Selected) => string | undefined;

/**
 * @param root what `$` means to the expressions of the template
 * @param budget for all matches that are shown: normalization had one for them too
 */
export function explainMembers(
  template: ContentTemplate,
  root: JsonValue,
  budget: Budget,
  { enqueuedAt }: NormalizeContext,
): ExplainedMember[] {
  const explain = (placed: PlacedExpression, isRequired: boolean, extract: Extract): ExplainedMember => ({
    member: placed.member,
    isRequired,
    expression: placed.expression.explain(root),
    result: resultOf(placed, root, budget, extract),
  });
  const required = (placed: PlacedExpression) => explain(placed, true, requiredText);
  const optional = (placed: PlacedExpression) => explain(placed, false, optionalText);
  const { correlationId, patientId, encounterId } = template;
  return [
    required(template.deviceId),
    ...explainTimestamps(template, explain, enqueuedAt),
    ...(correlationId ? [required(correlationId)] : []),
    ...(patientId ? [optional(patientId)] : []),
    ...(encounterId ? [optional(encounterId)] : []),
    ...template.values.map(({ name, isRequired, value }) => ({
      ...(isRequired ? required(value) : optional(value)),
      valueName: name,
    })),
  ];
}

/** All but the last may find no time; those behind the one that does are not read. */
function explainTimestamps(
  { timestamps }: ContentTemplate,
  explain: (placed: PlacedExpression, isRequired: boolean, extract: Extract) => ExplainedMember,
  today: string,
): ExplainedMember[] {
  const explained: ExplainedMember[] = [];
  for (const [index, placed] of timestamps.entries()) {
    const isLast = index === timestamps.length - 1;
    const extract = isLast ? requiredTimestamp : optionalTimestamp;
    const member = explain(placed, isLast, (value) => extract(value, today));
    explained.push(member);
    if (member.result.kind !== 'absent') break;
  }
  return explained;
}

function resultOf(
  { expression }: PlacedExpression,
  root: JsonValue,
  budget: Budget,
  extract: Extract,
): ExplainedResult {
  try {
    const value = expression.value(root, budget);
    const text = extract(value);
    return text === undefined ? { kind: 'absent', reason: reasonOf(value) } : { kind: 'text', text };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { kind: 'failed', code: error.code, message: error.message };
  }
}

function reasonOf(value: Selected): string {
  if (value === undefined) return 'nothing found';
  if (value === null) return 'null found';
  if (typeof value !== 'object') return 'no date and time found';
  return isArray(value) ? 'an array found' : 'an object found';
}
