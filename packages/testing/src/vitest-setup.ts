// A setup file for vitest (`setupFiles: ['@backplane/testing/vitest-setup']`): a test file that leaves something behind fails.
import { afterAll } from 'vitest';
import { watchLeaks } from './leaks/leak-check.ts';

const check = watchLeaks();

// Registered before any hook of the file, and therefore called after them.
afterAll(async () => {
  try {
    await check.expectNone('The test file');
  } finally {
    check[Symbol.dispose]();
  }
});
