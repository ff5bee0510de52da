import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { problemsOf, runFhirCase } from '../../support/fhir-case.ts';
import type { FhirCase } from '../../support/fhir-case.ts';

const samples = path.resolve(import.meta.dirname, '../../../templates/samples');

describe.each(readdirSync(samples))('the sample %s', (sample) => {
  const textOf = (file: string) => readFileSync(path.join(samples, sample, file), 'utf8');
  const cases = JSON.parse(textOf('transform.cases.json')) as (FhirCase & { mappingFile: string })[];

  test('has a FHIR mapping without any issue', () => {
    expect(loadFhirMapping(textOf('fhirmapping.json'))).toMatchObject({ ok: true, issues: [] });
  });

  test.each(cases)('$name', (fhirCase) => {
    const outcome = runFhirCase({ ...fhirCase, mappingText: textOf(fhirCase.mappingFile) });
    expect(problemsOf(outcome, fhirCase.expect)).toEqual([]);
  });
});
