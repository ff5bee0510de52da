import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import type { Observation } from 'fhir/r4.js';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { r4Issues, requireValidCase } from '../../support/fhir-validation.ts';
import { runSampleCase, sampleCases, SAMPLES, sampleText } from '../../support/sample-cases.ts';

describe.each(readdirSync(SAMPLES))('the sample %s', (sample) => {
  test('has a FHIR mapping without any issue', () => {
    expect(loadFhirMapping(sampleText(sample, 'fhirmapping.json'))).toMatchObject({ ok: true, issues: [] });
  });

  test.each(sampleCases(sample, 'transform.cases.json'))('$name', (each) => {
    const { actual, comparison } = runSampleCase(sample, each);
    expect(comparison.seen).toEqual(comparison.expected);
    requireValidCase(each, actual);
  });
});

describe('as the vital sign that R4 profiles,', () => {
  test.each([
    { sample: 'blood-pressure', profile: 'bp', type: 'bloodPressure' },
    { sample: 'body-temperature', profile: 'bodytemp', type: 'bodyTemperature' },
    { sample: 'body-weight', profile: 'bodyweight', type: 'bodyWeight' },
    { sample: 'heart-rate', profile: 'heartrate', type: 'heartRate' },
    { sample: 'oxygen-saturation', profile: 'oxygensat', type: 'oxygenSaturation' },
    { sample: 'respiratory-rate', profile: 'resprate', type: 'respiratoryRate' },
  ])('the sample $sample is written', ({ sample, profile, type }) => {
    const made = sampleCases(sample, 'transform.cases.json').flatMap((each) => {
      if (each.kind !== 'transform' || each.type !== type || each.existing !== undefined) return [];
      const { actual } = runSampleCase(sample, each);
      return 'observations' in actual ? (actual.observations as Observation[]) : [];
    });
    expect(made).not.toEqual([]);
    expect(made.flatMap((each) => r4Issues(each, `http://hl7.org/fhir/StructureDefinition/${profile}`))).toEqual([]);
  });
});
