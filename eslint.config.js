import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { defineConfig } from 'eslint/config';

const pureGlobals = ['process', 'fetch', 'setTimeout', 'setInterval', 'crypto', 'Buffer', 'performance'];

export default defineConfig(
  { ignores: ['node_modules/', 'data/', 'coverage/', 'eslint.config.js', '.dependency-cruiser.cjs', 'jest.config.js'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  prettier,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
    },
  },
  {
    // Plain JavaScript exists only where Node must be able to read it before it is known to be new enough.
    files: ['**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
  {
    files: ['core/**', 'templates/**'],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the instant as an argument.' },
        { object: 'Math', property: 'random', message: 'Take the value as an argument.' },
      ],
    },
  },
  {
    files: [
      'core/**',
      'templates/**',
      'activities/**',
      'workflows/**',
      'ingest-bridge/**',
      'http-endpoint/**',
      'worker/**',
      'service/**',
      'stores/**',
      'cli/**',
      'sandbox/**',
    ],
    ignores: ['config/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config/ reads the environment.',
        },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      // Matchers such as expect.objectContaining are typed any by jest; assertions on them are what tests do.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
