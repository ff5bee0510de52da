import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { INGEST_ERRORS } from '../../../core/errors.ts';
import type { IngestErrorKind } from '../../../core/errors.ts';
import { TEMPLATE_ISSUE_CODES } from '../../../core/template-issue.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');

/** The codes a section of the page explains. */
function explainedUnder(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^### (.+)\n\n[^#\s]/gm)].map(([, code = '']) => code);
}

function codesOf(kind: IngestErrorKind): string[] {
  return Object.entries(INGEST_ERRORS).flatMap(([code, error]) => (error.kind === kind ? [code] : []));
}

test.each([
  { kind: 'bad-data', heading: 'Bad data' },
  { kind: 'waiting', heading: 'Waiting for the world' },
  { kind: 'transient', heading: 'Passing troubles' },
] as const)('explains exactly the codes of kind $kind under "$heading"', ({ kind, heading }) => {
  expect(explainedUnder(heading).toSorted()).toEqual(codesOf(kind).toSorted());
});

test('explains exactly the issues that templates can have', () => {
  expect(explainedUnder('Template issues').toSorted()).toEqual([...TEMPLATE_ISSUE_CODES].toSorted());
});
