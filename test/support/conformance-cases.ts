import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCaseFile } from '../../templates/cases/case-file.ts';
import type { MappingCase } from '../../templates/cases/mapping-case.ts';

/** Read by tests alone: a case bank that not everybody who has the project has too. */
export const CASE_BANK = process.env['CONFORMANCE_CASES'] ?? join(import.meta.dirname, '../../../shared/cases');

/** A case of the bank, and what it says of how we should end. */
export interface ConformanceCase {
  readonly name: string;
  readonly design: string;
  readonly each: MappingCase;
}

/** None where there is no case bank. */
export function conformanceCases(file: string): ConformanceCase[] {
  const path = join(CASE_BANK, file);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const read = readCaseFile(text);
  if (!read.ok) throw new RangeError(`${path}: ${read.message}`);
  const designs = (JSON.parse(text) as { design?: string }[]).map(({ design = '' }) => design);
  return read.cases.map((each, index) => ({ name: each.name, design: designs[index] ?? '', each }));
}
