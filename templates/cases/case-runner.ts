import { stringify } from 'lossless-json';
import type { Loaded } from '../../core/template-issue.ts';
import { loadDeviceContent } from '../device-content/load.ts';
import { loadFhirMapping } from '../fhir-mapping/load.ts';
import { asSeenBy } from './as-seen-by.ts';
import type { CaseActual, CaseResult, MappingCase, TemplateSource } from './mapping-case.ts';
import { isSameInstant, isSameMeasurementText, runNormalizationCase } from './normalization-case.ts';
import { runTransformCase } from './transform-case.ts';

/** Gives the text of a template file that a case names. */
export type TextOfFile = (file: string) => string;

/**
 * Runs cases one by one. Each distinct template is compiled once in the life of a runner.
 *
 * @returns a function that throws what `textOf` throws, and nothing else
 */
export function createCaseRunner(): (of: MappingCase, textOf: TextOfFile) => CaseResult {
  const contentOf = compiledOnce((text) => loadDeviceContent(text));
  const mappingOf = compiledOnce((text) => loadFhirMapping(text));
  return (of, textOf) => {
    switch (of.kind) {
      case 'normalization':
        return resultOf(of, runNormalizationCase(contentOf(textFrom(of.template, textOf)), of), isSameMeasurementText);
      case 'transform':
        return resultOf(
          of,
          runTransformCase(mappingOf(textFrom(of.mapping, textOf)), of),
          (_member, expected, actual) => expected === actual || isSameInstant(expected, actual),
        );
      case 'invalid':
        return invalidCase(of.name, of.problems);
    }
  };
}

/** The result of a case that cannot be run. */
export function invalidCase(name: string, problems: readonly string[]): CaseResult {
  const actual = { caseInvalid: true, problems } as const;
  return { name, passed: false, actual, comparison: { expected: {}, seen: actual } };
}

function resultOf(
  { name, expectation }: Extract<MappingCase, { expectation: unknown }>,
  actual: CaseActual,
  isSameText: Parameters<typeof asSeenBy>[2],
): CaseResult {
  const partly = asSeenBy(expectation, actual, isSameText);
  const passed = stringify(partly) === stringify(expectation);
  // Where the case ended in another way than expected, all of that way is worth seeing.
  const isOfThatKind = Object.keys(expectation).some((member) => member in actual);
  return {
    name,
    passed,
    actual,
    comparison: { expected: expectation, seen: passed || isOfThatKind ? partly : actual },
  };
}

function textFrom(source: TemplateSource, textOf: TextOfFile): string {
  return 'text' in source ? source.text : textOf(source.file);
}

function compiledOnce<Template>(load: (text: string) => Loaded<Template>): (text: string) => Loaded<Template> {
  const known = new Map<string, Loaded<Template>>();
  return (text) => {
    const loaded = known.get(text) ?? load(text);
    known.set(text, loaded);
    return loaded;
  };
}
