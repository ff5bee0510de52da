import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What the README calls each step of `npm run check`. */
const STEPS: Readonly<Record<string, string>> = {
  types: 'types',
  lint: 'lint',
  format: 'format',
  imports: 'import boundaries',
  unused: 'unused code',
  deployment: 'the files for deployment',
};

test('the README names every step of npm run check', () => {
  const Package = z.object({ scripts: z.object({ check: z.string() }) });
  const { check } = Package.parse(JSON.parse(readFileSync('package.json', 'utf8'))).scripts;
  expect([...check.matchAll(/npm run -s (\w+)/g)].map(([, step]) => step)).toEqual(Object.keys(STEPS));
  const [, told = ''] = /`npm run check`\s+is([^.]*)\./.exec(readFileSync('README.md', 'utf8')) ?? [];
  const text = told.replaceAll(/\s+/g, ' ');
  expect(Object.values(STEPS).filter((words) => !text.includes(words))).toEqual([]);
});
