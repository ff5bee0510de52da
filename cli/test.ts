import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { stringify } from 'lossless-json';
import { createCaseRunner, invalidCase } from '../templates/cases/case-runner.ts';
import { readCaseFile } from '../templates/cases/case-file.ts';
import type { CaseResult, MappingCase } from '../templates/cases/mapping-case.ts';
import { describeCase, describeSums } from './case-report.ts';
import { print } from './command-context.ts';

/** Where a run writes its results, and what is wrong with the files. */
export interface TestOutput {
  readonly isJson: boolean;
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** Exit status: some case failed; or none did, but some file of cases could not be read. */
const FAILED = 1;
const UNREADABLE = 2;

/** A file that is not there or no file of cases; its message says which, and why. */
class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

export function addTestCommand(program: Command): void {
  program
    .command('test')
    .argument('<files...>', 'JSON arrays of cases')
    .description(
      'run the examples of templates; exit status 1 when one fails, else 2 when a file of them cannot be read',
    )
    .option('--json', 'one line for each case: name, passed, actual')
    .addHelpText('after', '\nExample:\n  $ npm run -s cli -- test templates/samples/*/*cases.json')
    .action((files: string[], { json = false }: { json?: boolean }) => {
      const warn = (line: string): void => void process.stderr.write(`${line}\n`);
      process.exitCode = runCaseFiles(files, { isJson: json, print, warn });
    });
}

/** @returns the exit status */
export function runCaseFiles(files: readonly string[], output: TestOutput): number {
  const run = new TestRun(output);
  for (const file of files) run.runFile(file);
  return run.end();
}

class TestRun {
  private readonly output: TestOutput;
  private readonly runCase = createCaseRunner();
  private readonly counts = { passed: 0, failed: 0 };
  private hasUnreadable = false;

  constructor(output: TestOutput) {
    this.output = output;
  }

  runFile(file: string): void {
    try {
      for (const each of casesOf(file)) this.report(file, this.resultOf(file, each));
    } catch (error) {
      this.warnOfUnreadable(error);
    }
  }

  /** @returns the exit status */
  end(): number {
    if (!this.output.isJson) this.output.print(describeSums(this.counts));
    if (this.counts.failed > 0) return FAILED;
    return this.hasUnreadable ? UNREADABLE : 0;
  }

  /** A template that cannot be read fails its case, and no other. */
  private resultOf(file: string, each: MappingCase): CaseResult {
    try {
      return this.runCase(each, (name) => textOf(resolve(dirname(file), name)));
    } catch (error) {
      return invalidCase(each.name, [this.warnOfUnreadable(error, `${file}, ${each.name}: `)]);
    }
  }

  private report(file: string, result: CaseResult): void {
    const { name, passed, actual } = result;
    this.counts[passed ? 'passed' : 'failed'] += 1;
    const text = this.output.isJson ? stringify({ name, passed, actual }) : describeCase(file, result);
    if (text !== undefined) this.output.print(text);
  }

  private warnOfUnreadable(error: unknown, where = ''): string {
    if (!(error instanceof UnreadableFile)) throw error;
    this.hasUnreadable = true;
    this.output.warn(where + error.message);
    return error.message;
  }
}

/** @throws UnreadableFile */
function casesOf(file: string): readonly MappingCase[] {
  const read = readCaseFile(textOf(file));
  if (read.ok) return read.cases;
  throw new UnreadableFile(`${file}:${read.line}:${read.column}: ${read.message}`);
}

/** @throws UnreadableFile */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // The system's words name the file and the reason.
    throw new UnreadableFile(String(error).replace(/^Error: /, ''), { cause: error });
  }
}
