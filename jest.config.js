import path from 'node:path';

/**
 * Three sizes, by file name:
 *   *.spec.ts      no network, no database, no Nest: milliseconds
 *   *.int.spec.ts  real PostgreSQL and NATS, started once per run, a database and a NATS account per test file
 *   *.e2e.spec.ts  the whole fleet as processes (test/e2e), each file brings up what it needs
 */
// Before the workers start: they, and every Node process that a test starts, compile what they load once and not each time.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '.lapidary/cache/compiled');

const common = {
  // One for all, so that a source is compiled once and not for each project: jest keeps what it compiled below the id, and they compile alike.
  id: 'lapidary',
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.lapidary/'],
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/infra', '<rootDir>/tools', '<rootDir>/test'],
};

export default {
  // A unit test takes milliseconds, or it says so itself. One that hangs may cost two minutes: CI computes with what its fleets leave of the processor.
  testTimeout: 120_000,
  workerIdleMemoryLimit: '700MB',
  // As cores, for all three sizes together. CI runs what waits with more, and what computes behind it (docs/adr/0119-what-computes-stands-behind-what-waits.md).
  maxWorkers: 2,
  // Of one file: `it.concurrent` is for cases that wait, each in a world of its own.
  maxConcurrency: 12,
  // A worker that has nothing open ends 2 ms after it was told to; but taking down a heap of some hundred MB with its contexts takes
  // longer than jest's half second on a busy machine, and that was called a leak. What still runs after this really is one.
  workerGracefulExitTimeout: 20_000,
  testSequencer: '<rootDir>/tools/test-sequencer.mjs',
  reporters: ['default', '<rootDir>/tools/count-reporter.mjs'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '\\.e2e\\.spec\\.ts$', '/node_modules/', '/dist/'],
    },
    {
      ...common,
      displayName: 'integration',
      setupFilesAfterEnv: ['<rootDir>/tools/test-process.mjs'],
      testMatch: ['**/*.int.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
      globalSetup: '<rootDir>/tools/test-backends-setup.mjs',
      globalTeardown: '<rootDir>/tools/test-backends-teardown.mjs',
    },
    {
      ...common,
      displayName: 'e2e',
      setupFilesAfterEnv: ['<rootDir>/tools/test-process.mjs'],
      testMatch: ['**/*.e2e.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    },
  ],
};
