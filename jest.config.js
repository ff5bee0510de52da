const project = (name, extra = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  modulePathIgnorePatterns: ['<rootDir>/data/'],
  ...extra,
});

/** `unit` touches nothing outside the process; `integration` runs against real servers on loopback. */
export default {
  projects: [
    project('unit'),
    project('integration', {
      globalSetup: '<rootDir>/test/support/temporal-setup.ts',
      globalTeardown: '<rootDir>/test/support/temporal-teardown.ts',
    }),
  ],
  testTimeout: 120_000,
};
