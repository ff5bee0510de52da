import type { DeviceMessage, JsonObject } from '../../core/device-message.ts';
import type { Loaded } from '../../core/template-issue.ts';
import type { DeviceContent } from '../device-content/load.ts';
import { parseDeviceMessage, parseMessageBody } from '../device-content/message-body.ts';
import { caseError } from './case-error.ts';
import type { CaseActual, NormalizationCase } from './mapping-case.ts';

/** A case knows no hub: the day a bare time means, unless it says another. */
const ENQUEUED_AT = '2024-01-01T00:00:00Z';

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
  const message = messageText === undefined ? {} : parseDeviceMessage(messageText, bodyReader);
  if (bodyText === undefined) return message;
  const { Properties = {}, SystemProperties = {}, ...others } = message;
  const Body = parseMessageBody(new TextEncoder().encode(bodyText), bodyReader);
  return { ...others, Body, Properties, SystemProperties };
}
