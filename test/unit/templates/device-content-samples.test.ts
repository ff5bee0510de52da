import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../../core/device-message.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';

/** A case of `cases.json` that normalizes; those with a `group` transform, and run elsewhere. */
interface NormalizationCase {
  readonly name: string;
  readonly templateFile: string;
  readonly group?: unknown;
  readonly message: JsonObject;
  readonly expect: { measurements: readonly object[] } | { error: { code: string; [detail: string]: unknown } };
}

const enqueuedAt = '2024-03-01T12:00:00Z';
const samples = join(import.meta.dirname, '../../../templates/samples');

describe.each(readdirSync(samples))('the sample %s', (sample) => {
  const read = (file: string) => readFileSync(join(samples, sample, file), 'utf8');
  const cases = (JSON.parse(read('cases.json')) as NormalizationCase[]).filter(({ group }) => group === undefined);

  test.each(cases)('$name', ({ templateFile, message, expect: expected }) => {
    const loaded = loadDeviceContent(read(templateFile));
    expect(loaded.issues).toEqual([]);
    if (!loaded.ok) return;
    const normalize = () => loaded.template.normalize(message, { enqueuedAt });
    if ('measurements' in expected) {
      expect(normalize()).toEqual(expected.measurements.map((one) => ({ ...one, ingestionTimeUtc: enqueuedAt })));
    } else {
      const { code, ...details } = expected.error;
      expect(normalize).toThrow(expect.objectContaining({ code, details: expect.objectContaining(details) }));
    }
  });
});
