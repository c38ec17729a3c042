import { defineConfig } from 'vitest/config';

// Packages resolve to their sources, here and in whatever a test starts with this process's own arguments.
const conditions = ['backplane-source', 'module', 'node', 'development|production'];
const source = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['backplane-source', 'node'] } },
};
const execArgv = ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning'];
// A test file that leaves a timer, a socket, a process, a listener or a folder behind fails.
const setupFiles = ['packages/testing/src/vitest-setup.ts'];

// Tests of one package that need servers or many processes, and their time.
const WITH_SERVERS = 'packages/*/src/**/*.servers.test.ts';

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          setupFiles,
          execArgv,
          // A busy machine is no failure.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['{packages,plugins,examples}/*/src/**/*.test.ts', '{tools,bench,fleet}/**/*.test.ts'],
          exclude: [WITH_SERVERS],
        },
      },
      {
        ...source,
        test: {
          name: 'system',
          setupFiles,
          execArgv,
          include: ['test/**/*.test.ts', WITH_SERVERS],
          globalSetup: ['test/testing/build.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
