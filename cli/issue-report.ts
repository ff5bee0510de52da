import { styleText } from 'node:util';
import type { TemplateIssue } from '../core/template-issue.ts';

/** How much of a long line is shown before and after its place. */
const BEFORE = 60;
const AFTER = 60;

const COLOURS = { error: 'red', warning: 'yellow' } as const;

/** An issue in a line, and below it the line of the file, with a mark under its place. */
export function describeIssue(file: string, text: string, issue: TemplateIssue): string {
  const { line, column, severity, code, message, pointer } = issue;
  const what = `${styleText(COLOURS[severity], severity)} ${styleText('bold', code)} ${message}`;
  const where = pointer === '' ? '' : styleText('dim', ` (${pointer})`);
  return `${file}:${line}:${column} ${what}${where}\n${codeFrame(text, issue)}\n`;
}

export function describeCounts(issues: readonly TemplateIssue[]): string {
  if (issues.length === 0) return 'no errors, no warnings';
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  return `${count(errors, 'error')}, ${count(issues.length - errors, 'warning')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function codeFrame(text: string, { line, column }: TemplateIssue): string {
  const whole = text.split(/\r\n|\n|\r/)[line - 1] ?? '';
  const start = Math.max(0, column - 1 - BEFORE);
  const end = Math.min(whole.length, column - 1 + AFTER);
  const shown = `${start > 0 ? '…' : ''}${whole.slice(start, end)}${end < whole.length ? '…' : ''}`;
  // Tabs stay, so that the mark stands where the eye sees its place.
  const indent = `${start > 0 ? ' ' : ''}${whole.slice(start, column - 1).replace(/[^\t]/g, ' ')}`;
  const gutter = String(line);
  return [
    `${styleText('dim', `  ${gutter} |`)} ${shown}`,
    `${styleText('dim', `  ${' '.repeat(gutter.length)} |`)} ${indent}${styleText('red', '^')}`,
  ].join('\n');
}
