import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestHost } from './test-host.ts';

const leaky = (folder: string) =>
  mkdir(join(folder, 'plugins')).then(() =>
    writeFile(
      join(folder, 'plugins/leaky.ts'),
      `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'leaky',
  version: '1.0.0',
  initialize: () => ({ start: () => void setInterval(() => {}, 1000) }),
});
`,
    ),
  );

describe('a test host', () => {
  it('is disposed with an error that names what a plugin has left behind, and is gone all the same', async () => {
    const test = await createTestHost({ prepare: leaky });
    const error = await Promise.resolve(test[Symbol.asyncDispose]()).catch((thrown: Error) => thrown);
    const message = expect.stringMatching(/leaky 1\.0\.0: setInterval of 1000 ms, made at .*plugins\/leaky\.ts:6:/);
    expect(error).toMatchObject({ code: 'BP_LEAKS_FOUND', message });
    await expect(fetch(test.url)).rejects.toThrow();
  });

  it.each([[true], [['timer'] as const]])('is disposed without a word when that is allowed: %j', async (allowLeaks) => {
    await using test = await createTestHost({ prepare: leaky, allowLeaks });
    expect(test.host.status()).toMatchObject([{ state: { phase: 'running' } }]);
  });

  it('is disposed with the error when something else is allowed', async () => {
    const test = await createTestHost({ prepare: leaky, allowLeaks: ['socket', 'module'] });
    await expect(test[Symbol.asyncDispose]()).rejects.toMatchObject({ code: 'BP_LEAKS_FOUND' });
  });
});
