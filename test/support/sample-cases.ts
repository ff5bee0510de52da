import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCaseFile } from '../../templates/cases/case-file.ts';
import { createCaseRunner } from '../../templates/cases/case-runner.ts';
import type { CaseResult, MappingCase } from '../../templates/cases/mapping-case.ts';

export const SAMPLES = join(import.meta.dirname, '../../templates/samples');

const runCase = createCaseRunner();

export function sampleText(sample: string, file: string): string {
  return readFileSync(join(SAMPLES, sample, file), 'utf8');
}

export function sampleCases(sample: string, file: string): readonly MappingCase[] {
  const read = readCaseFile(sampleText(sample, file));
  if (!read.ok) throw new RangeError(`${sample}/${file}:${read.line}: ${read.message}`);
  return read.cases;
}

export function runSampleCase(sample: string, each: MappingCase): CaseResult {
  return runCase(each, (file) => sampleText(sample, file));
}
