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
        },
      },
      {
        ...source,
        test: {
          name: 'system',
          setupFiles,
          execArgv,
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/testing/build.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
