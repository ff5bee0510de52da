import { describe, expect, test } from '@jest/globals';
import type { Measurement } from '../../../core/measurement.ts';
import { createCaseRunner } from '../../../templates/cases/case-runner.ts';
import type { CaseActual, MappingCase } from '../../../templates/cases/mapping-case.ts';
import { CASE_BANK, conformanceCases } from '../../support/conformance-cases.ts';
import { DIFFERENCES } from './normalize-differences.ts';

const cases = conformanceCases('normalize.json');
const quirks = conformanceCases('normalize-quirks.json');
const runCase = createCaseRunner();

function outcomeOf(each: MappingCase) {
  return runCase(each, (file) => {
    throw new RangeError(`No case of the bank names a file: ${file}`);
  });
}

if (cases.length === 0) {
  test.skip(`the conformance cases are not here: ${CASE_BANK} (set CONFORMANCE_CASES)`, () => undefined);
} else {
  describe('does what the original does', () => {
    test.each(cases)('$name', ({ each }) => {
      const { actual, comparison } = outcomeOf(each);
      expect(comparison.seen).toEqual(comparison.expected);
      expectPlaces(actual);
    });
  });

  describe('keeps its oddities that do no harm', () => {
    test.each(quirks.filter(({ design }) => design.startsWith('same')))('$name', ({ each }) => {
      const { comparison } = outcomeOf(each);
      expect(comparison.seen).toEqual(comparison.expected);
    });
  });

  describe('differs where the original loses, corrupts or blocks', () => {
    const differing = quirks.filter(({ design }) => design.startsWith('differs'));

    test('in the cases of its table, and in no others', () => {
      const judged = quirks.filter(({ design }) => /^(?:same|differs)/.test(design));
      expect(judged).toHaveLength(quirks.length);
      expect(differing.map(({ name }) => name).toSorted()).toEqual(Object.keys(DIFFERENCES).toSorted());
    });

    test.each(differing)('$name', ({ name, each }) => {
      const { actual, passed } = outcomeOf(each);
      const expected = DIFFERENCES[name];
      expect(expected).toBeDefined();
      // What the original makes of it is no longer so.
      expect(passed).toBe(false);
      if (expected === 'accepted') expect(actual).toHaveProperty('measurements');
      else expect(summaryOf(actual)).toEqual(expected);
    });
  });

  describe('reads bodies as the original does, if it is told to be lenient', () => {
    // What NaN is in the original, an error here: see "Integers are exact, and too large is an error".
    const bodies = quirks.filter(({ name }) => name.startsWith('body-') && name !== 'body-nan');

    test.each(bodies)('$name', ({ each }) => {
      const { comparison } = outcomeOf(lenient(each));
      expect(comparison.seen).toEqual(comparison.expected);
    });
  });
}

function lenient(each: MappingCase): MappingCase {
  if (each.kind !== 'normalization' || !('text' in each.template)) throw new RangeError('Expected a template as text');
  const template = { ...(JSON.parse(each.template.text) as object), body: 'lenient' };
  return { ...each, template: { text: JSON.stringify(template) } };
}

function expectPlaces(actual: CaseActual): void {
  if (!('templateInvalid' in actual)) return;
  expect(actual.issues.length).toBeGreaterThan(0);
  for (const issue of actual.issues) expect(issue.line).toBeGreaterThan(0);
}

/** What a case comes to in a word, or the texts of all values (else of the device ids) of its measurements. */
function summaryOf(actual: CaseActual): unknown {
  const { measurements } = actual as { measurements?: readonly Measurement[] };
  if (!measurements) return Object.keys(actual)[0];
  return measurements.map(({ deviceId, occurrenceTimeUtc, properties }) =>
    deviceId === 'dev' && properties.length === 0
      ? occurrenceTimeUtc
      : properties.length === 0
        ? deviceId
        : properties.map(({ value }) => value).join(' '),
  );
}
