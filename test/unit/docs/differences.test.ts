import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DIFFERENCES } from '../templates/normalize-differences.ts';

const root = join(import.meta.dirname, '../../..');

/** The names in the table `OURS`, which lives in a test and so cannot be imported. */
function namesInTable(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const table = /^const OURS\b[^]*?^};/m.exec(source)?.[0] ?? '';
  return [...table.matchAll(/^ {2}'(.+?)':/gm)].map(([, name = '']) => name);
}

test('the page on differences names exactly the conformance cases that end otherwise here', () => {
  const page = readFileSync(join(root, 'docs/differences.md'), 'utf8');
  const named = [...page.matchAll(/^- `(.+)`$/gm)].map(([, name = '']) => name);
  const fhir = namesInTable('test/unit/templates/fhir-conformance.test.ts');
  expect(fhir).not.toEqual([]);
  expect(named.toSorted()).toEqual([...Object.keys(DIFFERENCES), ...fhir].toSorted());
});
