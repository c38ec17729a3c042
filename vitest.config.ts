import { defineConfig } from 'vitest/config';

const source = {
  resolve: { conditions: ['backplane-source'] },
  ssr: { resolve: { conditions: ['backplane-source'] } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'plugins/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
        },
      },
      {
        ...source,
        test: { name: 'system', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
});
