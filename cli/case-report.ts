import { stringify } from 'lossless-json';
import { diff, styleText } from 'node:util';
import type { CaseActual, CaseResult } from '../templates/cases/mapping-case.ts';

/** Lines around a difference that are shown with it. */
const CONTEXT = 3;
/** Lines from the first difference on that are compared; the work grows with their square. */
const COMPARED = 500;
/** By the operations of `diff(expected, actual)`. */
const SIGNS = { '1': '-', '0': ' ', '-1': '+' } as const;
const COLOURS = { '1': 'red', '0': 'reset', '-1': 'green' } as const;

/** A failed case with what was expected (-) and what it came to (+), where they differ. Of others what is worth knowing. */
export function describeCase(file: string, { name, passed, actual, comparison }: CaseResult): string | undefined {
  if (passed) return describeRefusals(name, actual, comparison.expected);
  const title = `${styleText('red', `✗ ${name}`)} ${styleText('dim', `(${file})`)}`;
  const body = 'caseInvalid' in actual ? actual.problems.map((each) => `    ${each}`) : describeDifference(comparison);
  return [title, ...body, ''].join('\n');
}

export function describeSums({ passed, failed }: { readonly passed: number; readonly failed: number }): string {
  const total = passed + failed;
  const cases = `${total} ${total === 1 ? 'case' : 'cases'}`;
  return failed === 0 ? `${cases} passed` : `${cases}: ${passed} passed, ${styleText('red', `${failed} failed`)}`;
}

/** That bad data was kept out does not fail a case that does not speak of it, but it should not go unseen. */
function describeRefusals(name: string, actual: CaseActual, expected: unknown): string | undefined {
  if (!('refused' in actual) || !('observations' in actual)) return undefined;
  if (typeof expected === 'object' && expected !== null && 'refused' in expected) return undefined;
  const refusals = actual.refused.map(({ index, code }) => `measurement ${index} was refused (${code})`);
  return `${styleText('yellow', `! ${name}`)}\n    ${refusals.join('\n    ')}\n`;
}

function describeDifference(comparison: CaseResult['comparison']): string[] {
  const [expected, seen] = [linesOf(comparison.expected), linesOf(comparison.seen)];
  const first = expected.findIndex((line, index) => line !== seen[index]);
  const start = Math.max(0, first - CONTEXT);
  const end = start + COMPARED;
  const more = Math.max(expected.length, seen.length) > end ? [styleText('dim', '    … and more')] : [];
  return [...describeLines(expected.slice(start, end), seen.slice(start, end)), ...more];
}

function describeLines(expected: readonly string[], seen: readonly string[]): string[] {
  const entries = diff(expected, seen).map(([operation, line]) => ({ operation, line }));
  const isNear = entries.map((_, index) =>
    entries.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ operation }) => operation !== 0),
  );
  return entries.flatMap(({ operation, line }, index) => {
    if (isNear[index] !== true) return isNear[index - 1] === true ? [styleText('dim', '    …')] : [];
    return [styleText(COLOURS[operation], `  ${SIGNS[operation]} ${line}`)];
  });
}

function linesOf(value: unknown): string[] {
  return (stringify(value, null, 2) ?? '').split('\n');
}
