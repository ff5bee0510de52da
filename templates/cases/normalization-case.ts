import type { DeviceMessage, JsonObject } from '../../core/device-message.ts';
import type { Loaded } from '../../core/template-issue.ts';
import { parseTicks } from '../../core/ticks.ts';
import type { DeviceContent } from '../device-content/load.ts';
import { parseDeviceMessage, parseMessageBody } from '../device-content/message-body.ts';
import { caseError } from './case-error.ts';
import type { CaseActual, NormalizationCase } from './mapping-case.ts';

/** A case knows no hub: the day a bare time means, unless it says another. */
const ENQUEUED_AT = '2024-01-01T00:00:00Z';

/** Powers differ in the last digits between maths libraries. */
const NEARLY_EQUAL = 4 * Number.EPSILON;
const FRACTION = /^-?\d+(?:\.\d+)?(?:E[+-]\d+)?$/;

export function runNormalizationCase(content: Loaded<DeviceContent>, of: NormalizationCase): CaseActual {
  if (!content.ok) return { templateInvalid: true, issues: content.issues };
  if (of.messageText === undefined && of.bodyText === undefined) return { measurements: [] };
  try {
    const message = messageOf(of, content.template);
    const found = content.template.normalize(message, { enqueuedAt: of.enqueuedAt ?? ENQUEUED_AT });
    return { measurements: found.map(({ ingestionTimeUtc: _, ...measurement }) => measurement) };
  } catch (error) {
    return { messageError: true, error: caseError(error, 'NORMALIZATION_DEFECT') };
  }
}

/** @throws IngestError BODY_NOT_JSON, BODY_TOO_DEEP, for a message as for a body */
function messageOf(
  { messageText, bodyText }: NormalizationCase,
  { bodyReader }: DeviceContent,
): DeviceMessage | JsonObject {
  const message = messageText === undefined ? {} : parseDeviceMessage(messageText);
  if (bodyText === undefined) return message;
  const { Properties = {}, SystemProperties = {}, ...others } = message;
  const Body = parseMessageBody(new TextEncoder().encode(bodyText), bodyReader);
  return { ...others, Body, Properties, SystemProperties };
}

/** Times agree as instants, values that are fractions when all but their last digits are equal. */
export function isSameMeasurementText(member: string, expected: string, actual: string): boolean {
  if (expected === actual) return true;
  if (member === 'occurrenceTimeUtc') return isSameInstant(expected, actual);
  return member === 'value' && isNearlyEqual(expected, actual);
}

export function isSameInstant(expected: string, actual: string): boolean {
  const ticks = parseTicks(expected);
  return ticks !== undefined && ticks === parseTicks(actual);
}

function isNearlyEqual(expected: string, actual: string): boolean {
  if (!FRACTION.test(expected) || !FRACTION.test(actual)) return false;
  const [a, b] = [Number(expected), Number(actual)];
  return !Number.isInteger(a) && Math.abs(a - b) <= NEARLY_EQUAL * Math.abs(a);
}
