import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { configurationPage } from '../../../docs/generate-configuration.ts';

test('the page on configuration is up to date: node docs/generate-configuration.ts writes it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
  expect(page).toBe(configurationPage());
});
