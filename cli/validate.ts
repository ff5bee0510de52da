import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import type { TemplateIssue } from '../core/template-issue.ts';
import { loadDeviceContent } from '../templates/device-content/load.ts';
import { loadFhirMapping } from '../templates/fhir-mapping/load.ts';
import { print } from './command-context.ts';
import { describeCounts, describeIssue } from './issue-report.ts';

/** The files of a pair, by what they are. */
export interface TemplateFiles {
  readonly deviceContent?: string;
  readonly fhirMapping?: string;
}

export interface ValidateOutput {
  readonly isJson: boolean;
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** Exit status: some file would be refused (when strict: has findings), or could not be read. */
const REFUSED = 1;
const UNREADABLE = 2;

export function addValidateCommand(program: Command): void {
  program
    .command('validate')
    .description('check template files; exit status 1 when one would be refused, 2 when one cannot be read')
    .option('--device-content <file>', 'a device content file')
    .option('--fhir-mapping <file>', 'a FHIR mapping file; with both, also how they fit')
    .option('--strict', 'exit status 1 for warnings too')
    .option('--json', 'one line for each error or warning')
    .addHelpText('after', '\nExample:\n  $ npm run -s cli -- validate --fhir-mapping data/templates/fhirmapping.json')
    .action(async (options: TemplateFiles & { strict?: boolean; json?: boolean }, command: Command) => {
      const { deviceContent, fhirMapping, strict = false, json = false } = options;
      if (deviceContent === undefined && fhirMapping === undefined)
        command.error('error: expected --device-content, --fhir-mapping, or both', { exitCode: UNREADABLE });
      const warn = (line: string): void => void process.stderr.write(`${line}\n`);
      process.exitCode = await validateFiles(options, strict, { isJson: json, print, warn });
    });
}

/** @returns the exit status */
export async function validateFiles(files: TemplateFiles, isStrict: boolean, output: ValidateOutput): Promise<number> {
  // Units take a while to load, and no other command needs them.
  const { lintTemplates } = await import('../templates/lint/lint.ts');
  const texts = { deviceContent: textOf(files.deviceContent, output), fhirMapping: textOf(files.fhirMapping, output) };
  const findings = lintTemplates(texts);
  const issues = [
    ...report(files.deviceContent, texts.deviceContent, loadDeviceContent, findings.deviceContent, output),
    ...report(files.fhirMapping, texts.fhirMapping, loadFhirMapping, findings.fhirMapping, output),
  ];
  const isUnread = (kind: keyof TemplateFiles): boolean => files[kind] !== undefined && texts[kind] === undefined;
  if (isUnread('deviceContent') || isUnread('fhirMapping')) return UNREADABLE;
  if (!output.isJson) output.print(describeCounts(issues));
  return issues.some(({ severity }) => isStrict || severity === 'error') ? REFUSED : 0;
}

/** What loading and lint say of a file, in its order. */
function report(
  file: string | undefined,
  text: string | undefined,
  load: (text: string) => { readonly issues: readonly TemplateIssue[] },
  findings: readonly TemplateIssue[],
  { isJson, print }: ValidateOutput,
): readonly TemplateIssue[] {
  if (file === undefined || text === undefined) return [];
  const issues = [...load(text).issues, ...findings].sort((a, b) => a.line - b.line || a.column - b.column);
  for (const issue of issues) print(isJson ? JSON.stringify({ file, ...issue }) : describeIssue(file, text, issue));
  return issues;
}

/** Undefined, and said, when there is a file and it cannot be read. */
function textOf(file: string | undefined, { warn }: ValidateOutput): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    warn(`${file}: ${String(error).replace(/^Error: /, '')}`);
    return undefined;
  }
}
