import { stringify } from 'lossless-json';
import type { Loaded } from '../../core/template-issue.ts';
import { loadDeviceContent } from '../device-content/load.ts';
import { loadFhirMapping } from '../fhir-mapping/load.ts';
import { asSeenBy } from './as-seen-by.ts';
import type { SameText } from './as-seen-by.ts';
import type { CaseActual, CaseResult, MappingCase, TemplateSource } from './mapping-case.ts';
import { runNormalizationCase } from './normalization-case.ts';
import { isSameInstant, sameTextFor } from './same-text.ts';
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
      case 'normalization': {
        const text = textFrom(of.template, textOf);
        return resultOf(of, runNormalizationCase(placed(contentOf(text), of.template), of), sameTextFor(text));
      }
      case 'transform': {
        const mapping = mappingOf(textFrom(of.mapping, textOf));
        return resultOf(of, runTransformCase(placed(mapping, of.mapping), of), isSameTextOfResource);
      }
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
  isSameText: SameText,
): CaseResult {
  const seen = asSeenBy(expectation, actual, isSameText);
  const passed = stringify(seen) === stringify(expectation);
  return { name, passed, actual, comparison: { expected: expectation, seen } };
}

function isSameTextOfResource(_member: string, expected: string, actual: string): boolean {
  return expected === actual || isSameInstant(expected, actual);
}

function textFrom(source: TemplateSource, textOf: TextOfFile): string {
  return 'text' in source ? source.text : textOf(source.file);
}

/** The issues of a template that is part of the file of cases have their places there. */
function placed<Template>(loaded: Loaded<Template>, source: TemplateSource): Loaded<Template> {
  if (!('place' in source) || loaded.issues.length === 0) return loaded;
  const { line, column } = source.place();
  const issues = loaded.issues.map((issue) => ({
    ...issue,
    line: line + issue.line - 1,
    column: issue.line === 1 ? column + issue.column - 1 : issue.column,
  }));
  return { ...loaded, issues };
}

function compiledOnce<Template>(load: (text: string) => Loaded<Template>): (text: string) => Loaded<Template> {
  const known = new Map<string, Loaded<Template>>();
  return (text) => {
    const loaded = known.get(text) ?? load(text);
    known.set(text, loaded);
    return loaded;
  };
}
