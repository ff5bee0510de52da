import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCaseRunner } from '../../../templates/cases/case-runner.ts';
import { transformExpectation } from '../../../templates/cases/expectation.ts';
import type { Expectation, MappingCase } from '../../../templates/cases/mapping-case.ts';
import { CASE_BANK, conformanceCases } from '../../support/conformance-cases.ts';
import { requireValidCase } from '../../support/fhir-validation.ts';

/** What is expected of us where a case records an odd or harmful result of the original. */
const OURS: Readonly<Record<string, object>> = {
  'valueName-is-case-sensitive': { observations: [] },
  'parse-periodInterval-unsupported-number-passes-load-fails-later': { mappingInvalid: true },
  'same-time-same-property-first-measurement-wins': sampled('2 E E E E E'),
  'correlation-quantity-two-times-fails': { observations: [{ valueQuantity: { value: 2 } }] },
  'sampled-value-text-is-copied-unchecked': { ...sampled('E 98.60 E'), refused: [{ index: 0 }] },
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
    refused: [{ index: 1 }],
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
  'parse-value-unknown-valueType': { observations: [{ valueBoolean: true }] },
  'create-empty-template-shell': { observations: [] },
  'quantity-reject-exponent': { observations: [{ valueQuantity: { value: 1000 } }] },
  'create-no-component-data-at-all': { observations: [] },
};

const cases = conformanceCases('fhir.json');
const quirks = conformanceCases('fhir-quirks.json');
const runCase = createCaseRunner();

if (cases.length === 0) {
  test.skip(`the conformance cases are not here: ${CASE_BANK} (set CONFORMANCE_CASES)`, () => undefined);
} else {
  describe('the case bank of the original', () => {
    test.each(cases)('$name', ({ each }) => {
      expectPassed(each);
    });

    test.each(quirks)('$name ($design)', ({ name, each }) => {
      expectPassed(isDifferent(name) ? { ...each, expectation: ours(name) } : each);
    });
  });

  describe('where the design differs from the original', () => {
    const names = quirks.filter(({ design }) => design.startsWith('differs')).map(({ name }) => name);

    test('is said of each case', () => {
      expect(quirks.filter(({ design }) => !/^(?:same|differs)\b/.test(design))).toEqual([]);
    });

    test('the table of this test and the page on differences name exactly these cases', () => {
      expect(Object.keys(OURS).toSorted()).toEqual(names.toSorted());
      expect(namedInPage().toSorted()).toEqual(names.toSorted());
    });

    test.each(quirks.filter(({ name }) => names.includes(name)))('the original ends otherwise: $name', ({ each }) => {
      expect(runCase(each, noFile).passed).toBe(false);
    });
  });
}

/** Nothing is refused, and nothing left unchanged, that the case does not name. */
function expectPassed(each: MappingCase | (MappingCase & { expectation: Expectation })): void {
  const { actual, comparison } = runCase(each, noFile);
  expect(comparison.seen).toEqual(comparison.expected);
  requireValidCase(each, actual);
  const expectation = 'expectation' in each ? each.expectation : {};
  if (!('observations' in expectation)) return;
  expect({ refused: 'refused' in actual, unchanged: 'unchanged' in actual }).toEqual({
    refused: 'refused' in expectation,
    unchanged: 'unchanged' in expectation,
  });
}

function noFile(file: string): never {
  throw new RangeError(`No case of the bank names a file: ${file}`);
}

function isDifferent(name: string): boolean {
  return quirks.some((quirk) => quirk.name === name && quirk.design.startsWith('differs'));
}

/** The cases that the page on differences names, but for those of normalization. */
function namedInPage(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/differences.md'), 'utf8');
  const sections = page.split(/^## /m).filter((section) => !section.startsWith('Normalization'));
  return sections.flatMap((section) => [...section.matchAll(/^- `(.+)`$/gm)].map(([, name = '']) => name));
}

function ours(name: string): Expectation {
  const expectation = transformExpectation(OURS[name]);
  if (typeof expectation === 'string') throw new RangeError(`${name}: ${expectation}`);
  return expectation;
}

function sampled(data: string): object {
  return { observations: [{ valueSampledData: { data } }] };
}

function components(...streams: string[]): object {
  return { observations: [{ component: streams.map((data) => ({ valueSampledData: { data } })) }] };
}

function effective(end: string): object {
  return { observations: [{ effectivePeriod: { start: '2019-01-01T00:00:00.0000000Z', end } }] };
}
