import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import { joinedSamples } from '../../../sandbox/demo-templates.ts';
import type { DeviceContent } from '../../../templates/device-content/load.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';

const folder = join(import.meta.dirname, '../../../templates/samples');
const samples = readdirSync(folder);

const textOf = (sample: string, file: string): string => readFileSync(join(folder, sample, file), 'utf8');

function contentOf(text: string): DeviceContent {
  const loaded = loadDeviceContent(text);
  expect(loaded.issues).toEqual([]);
  if (!loaded.ok) throw new RangeError('Expected the samples to be loadable');
  return loaded.template;
}

/** The measurements of a message, or the code it fails with. */
function outcomeOf(content: DeviceContent, message: JsonObject): unknown {
  try {
    return content.normalize(message, { enqueuedAt: '2024-03-01T12:00:00Z' });
  } catch (error) {
    if (error instanceof IngestError) return error.code;
    throw error;
  }
}

describe('all samples in one pair of files', () => {
  const joined = contentOf(JSON.stringify(joinedSamples('devicecontent.json')));
  const mapping = loadFhirMapping(JSON.stringify(joinedSamples('fhirmapping.json')));

  test('are a FHIR mapping without any issue', () => {
    expect(mapping).toMatchObject({ ok: true, issues: [] });
  });

  test.each(joined.typeNames)('have a FHIR mapping for %s', (typeName) => {
    expect(mapping.ok && mapping.template.forType(typeName)).toBeTruthy();
  });

  describe.each(samples)('do not match the messages of %s otherwise than it does alone', (sample) => {
    const alone = contentOf(textOf(sample, 'devicecontent.json'));
    const cases = JSON.parse(textOf(sample, 'cases.json')) as { name: string; message: JsonObject }[];

    test.each(cases)('$name', ({ message }) => {
      expect(outcomeOf(joined, message)).toEqual(outcomeOf(alone, message));
    });
  });
});
