import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { runSampleCase, sampleCases, SAMPLES, sampleText } from '../../support/sample-cases.ts';

describe.each(readdirSync(SAMPLES))('the sample %s', (sample) => {
  test('has a FHIR mapping without any issue', () => {
    expect(loadFhirMapping(sampleText(sample, 'fhirmapping.json'))).toMatchObject({ ok: true, issues: [] });
  });

  test.each(sampleCases(sample, 'transform.cases.json'))('$name', (each) => {
    const { comparison } = runSampleCase(sample, each);
    expect(comparison.seen).toEqual(comparison.expected);
  });
});
