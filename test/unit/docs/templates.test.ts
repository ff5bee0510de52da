import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/templates.md'), 'utf8');

const quotes = [...page.matchAll(/^```json (\S+)\n([^]*?)^```$/gm)].map(([, file = '', text = '']) => ({ file, text }));

/** Whether the value stands in the document, as a whole or as a part. */
function holds(document: unknown, value: unknown): boolean {
  if (isDeepStrictEqual(document, value)) return true;
  return (
    typeof document === 'object' && document !== null && Object.values(document).some((part) => holds(part, value))
  );
}

describe('the page on templates', () => {
  test.each(quotes)('quotes $file as it is', ({ file, text }) => {
    const document = JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
    expect(holds(document, JSON.parse(text))).toBe(true);
  });

  test.each(readdirSync(join(root, 'templates/samples')))('names the sample %s', (sample) => {
    expect(page).toContain(`templates/samples/${sample}/`);
  });
});
