import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { DeviceMessage, JsonObject } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import type { Measurement } from '../../../core/measurement.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';
import { DIFFERENCES } from './normalize-differences.ts';

/** A case as the project's shared case bank writes it. */
interface Case {
  readonly name: string;
  readonly template: unknown;
  readonly templateText?: string;
  readonly message: unknown;
  readonly messageText?: string;
  readonly bodyText?: string;
  readonly design?: string;
  readonly expect: Expected;
}

type Expected =
  { readonly measurements: readonly object[] } | { readonly templateInvalid: true } | { readonly messageError: true };

const folder = process.env['CONFORMANCE_CASES'] ?? join(import.meta.dirname, '../../../../shared/cases');

function casesOf(file: string): readonly Case[] {
  const path = join(folder, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly Case[]) : [];
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

function messageOf({ message, messageText, bodyText }: Case): JsonObject {
  const text = messageText ?? JSON.stringify(message);
  const parsed = parseMessageBody(bytesOf(text)) as JsonObject;
  return bodyText === undefined ? parsed : { ...parsed, Body: parseMessageBody(bytesOf(bodyText)) };
}

function outcomeOf(conformanceCase: Case): unknown {
  const loaded = loadDeviceContent(conformanceCase.templateText ?? JSON.stringify(conformanceCase.template));
  if (!loaded.ok) {
    for (const issue of loaded.issues) expect(issue.line).toBeGreaterThan(0);
    return { templateInvalid: true };
  }
  if (conformanceCase.message === null && conformanceCase.messageText === undefined) return { measurements: [] };
  try {
    const message = messageOf(conformanceCase) as JsonObject | DeviceMessage;
    const measurements = loaded.template.normalize(message, { enqueuedAt: '2024-01-01T00:00:00Z' });
    return { measurements: measurements.map(comparable) };
  } catch (error) {
    if (error instanceof IngestError) return { messageError: true };
    throw error;
  }
}

function comparable({ ingestionTimeUtc: _, ...measurement }: Measurement): object {
  return measurement;
}

/** Powers may differ in the last digit between maths libraries. */
function rounded(outcome: unknown): unknown {
  return JSON.parse(JSON.stringify(outcome), (key, value: unknown) =>
    key === 'value' && typeof value === 'string' && /^-?\d+\.\d{10,}$/.test(value)
      ? Number(value).toPrecision(14)
      : value,
  );
}

function expectedOf({ expect: expected, message }: Case): unknown {
  if ('measurements' in expected) return { measurements: expected.measurements.map(withoutNulls) };
  if ('templateInvalid' in expected) return { templateInvalid: true };
  return message === null ? { measurements: [] } : { messageError: true };
}

function withoutNulls(measurement: object): object {
  return Object.fromEntries(Object.entries(measurement).filter(([, value]) => value !== null));
}

const cases = casesOf('normalize.json');
const quirks = casesOf('normalize-quirks.json');

if (cases.length === 0) {
  test.skip(`the conformance cases are not here: ${folder} (set CONFORMANCE_CASES)`, () => undefined);
} else {
  describe('does what the original does', () => {
    test.each(cases)('$name', (conformanceCase) => {
      expect(rounded(outcomeOf(conformanceCase))).toEqual(rounded(expectedOf(conformanceCase)));
    });
  });

  describe('keeps its oddities that do no harm', () => {
    test.each(quirks.filter(({ design }) => design?.startsWith('same')))('$name', (conformanceCase) => {
      expect(rounded(outcomeOf(conformanceCase))).toEqual(rounded(expectedOf(conformanceCase)));
    });
  });

  describe('differs where the original loses, corrupts or blocks', () => {
    test.each(quirks.filter(({ design }) => design?.startsWith('differs')))('$name', (conformanceCase) => {
      const outcome = outcomeOf(conformanceCase);
      const expected = DIFFERENCES[conformanceCase.name];
      expect(expected).toBeDefined();
      if (expected === 'accepted') expect(outcome).toHaveProperty('measurements');
      else expect(summaryOf(outcome)).toEqual(expected);
    });
  });
}

/** What a case comes to in a word, or the texts of all values (else of the device ids) of its measurements. */
function summaryOf(outcome: unknown): unknown {
  const { measurements } = outcome as { measurements?: readonly Measurement[] };
  if (!measurements) return Object.keys(outcome as object)[0];
  return measurements.map(({ deviceId, occurrenceTimeUtc, properties }) =>
    deviceId === 'dev' && properties.length === 0
      ? occurrenceTimeUtc
      : properties.length === 0
        ? deviceId
        : properties.map(({ value }) => value).join(' '),
  );
}
