import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { problemsOf, runFhirCase } from '../../support/fhir-case.ts';
import type { FhirCase, FhirExpectation } from '../../support/fhir-case.ts';

// Read by tests alone: a case bank that not everybody who has the project has too.
const folder = process.env['CONFORMANCE_CASES'] ?? path.resolve(import.meta.dirname, '../../../../shared/cases');
const isThere = existsSync(path.join(folder, 'fhir.json'));

/** What is expected of us where a case records an odd or harmful result of the original. */
const OURS: Readonly<Record<string, FhirExpectation>> = {
  'valueName-is-case-sensitive': { observations: [] },
  'parse-periodInterval-unsupported-number-passes-load-fails-later': { mappingInvalid: true },
  'same-time-same-property-first-measurement-wins': sampled('2 E E E E E'),
  'correlation-quantity-two-times-fails': { observations: [{ valueQuantity: { value: 2 } }] },
  'sampled-value-text-is-copied-unchecked': { ...sampled('E 98.60 E'), refusedCount: 1 },
  'sampled-without-defaultPeriod-fails': { mappingInvalid: true },
  'sampled-merge-existing-without-data-fails': sampled('7 E E E E E'),
  // Not every new sample falls on the stored grid.
  'sampled-merge-template-period-changed': { error: true },
  'sampled-merge-earlier-correlated-data-off-grid-shifts': {
    observations: [
      { effectivePeriod: { start: '2018-12-31T23:59:59.0000000Z' }, valueSampledData: { data: '0 1 2 3' } },
    ],
  },
  'quantity-two-values': { observations: [{ valueQuantity: { value: 22.4 } }] },
  'quantity-failure-loses-later-observations-too': {
    observations: [{ valueQuantity: { value: 1 } }, { valueQuantity: { value: 3 } }],
    refusedCount: 1,
  },
  'string-two-values-in-group-fails': { observations: [{ valueString: 'b' }] },
  'codeableConcept-without-codes-fails': { observations: [{ valueCodeableConcept: { text: 't', coding: null } }] },
  'component-without-value-fails': { mappingInvalid: true },
  'merge-value-absent-on-existing-fails': {
    observations: [{ status: 'amended', valueQuantity: { value: 1 }, component: [{ valueString: 'x' }] }],
  },
  'merge-existing-end-truncated-by-server-restored': {
    observations: [{ status: 'final', valueQuantity: { value: 1 } }],
    unchanged: true,
  },
  'merge-overwrites-entered-in-error-status': { error: true },
  'merge-new-component-outside-existing-period-is-lost': components('1 2 3 4 E', 'E E E E 9'),
  'merge-new-component-before-existing-period-is-lost': components('E 1 2 3 4', '8 E 9 E E'),
  'merge-only-one-component-extends-start-shifts-the-other': components('E 1 2 3 4', '8 5 6 7 8'),
  // Stored under the identifier of another instant.
  'single-same-second-shares-identifier-and-overwrites': { error: true },
  'single-same-second-identifiers-equal': {
    observations: ['.1Z', '.9Z'].map((at) => ({
      identifier: [{ value: `patientId.deviceId.x.20190101000000${at}.20190101000000${at}` }],
    })),
  },
  'parse-periodInterval-docs-name-Instance-rejected': effective('2019-01-01T00:00:00.0000000Z'),
  'parse-periodInterval-docs-name-Hour-rejected': effective('2019-01-01T00:59:59.9999999Z'),
  'parse-periodInterval-docs-name-Day-rejected': effective('2019-01-01T23:59:59.9999999Z'),
  // Until there is a Boolean.
  'parse-value-unknown-valueType': { mappingInvalid: true },
  'create-empty-template-shell': { observations: [] },
  'quantity-reject-exponent': { observations: [{ valueQuantity: { value: 1000 } }] },
  'create-no-component-data-at-all': { observations: [] },
};

describe('the case bank of the original', () => {
  if (!isThere) {
    test.skip(`there is none in ${path.relative(process.cwd(), folder)}; CONFORMANCE_CASES may name another folder`, () => {
      expect(isThere).toBe(true);
    });
    return;
  }
  test.each(casesOf('fhir.json'))('$name', (fhirCase) => {
    expect(problemsOf(runFhirCase(fhirCase), fhirCase.expect)).toEqual([]);
  });

  test.each(casesOf('fhir-quirks.json'))('$name ($design)', (fhirCase) => {
    const expected = fhirCase.design.startsWith('same') ? fhirCase.expect : OURS[fhirCase.name];
    expect(expected).toBeDefined();
    expect(problemsOf(runFhirCase(fhirCase), expected ?? {})).toEqual([]);
  });
});

function casesOf(file: string): (FhirCase & { design: string })[] {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as (FhirCase & { design: string })[];
}

function sampled(data: string): FhirExpectation {
  return { observations: [{ valueSampledData: { data } }] };
}

function components(...streams: string[]): FhirExpectation {
  return { observations: [{ component: streams.map((data) => ({ valueSampledData: { data } })) }] };
}

function effective(end: string): FhirExpectation {
  return { observations: [{ effectivePeriod: { start: '2019-01-01T00:00:00.0000000Z', end } }] };
}
