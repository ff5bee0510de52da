import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEMAS } from '../../../docs/generate-schemas.ts';

test.each(Object.entries(SCHEMAS))('%s is up to date: npm run schemas writes it', (name, schema) => {
  const file = readFileSync(join(import.meta.dirname, '../../../schemas', name), 'utf8');
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(schema)));
});
