import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';

const greeter = (version: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'greeter',
  version: '${version}',
  initialize(context) {
    context.http.routes((app) => {
      app.get('/hello', async () => ({ version: '${version}' }));
    });
  },
});
`;

describe('a plugin that is replaced under load', () => {
  it('never fails a request, and answers with the new version from the swap on', async () => {
    await using test = await createTestHost({
      prepare: async (folder) => {
        await mkdir(join(folder, 'plugins'));
        await writeFile(join(folder, 'plugins', 'greeter.ts'), greeter('1.0.0'));
      },
    });
    let running = true;
    let requests = 0;
    const failures: unknown[] = [];
    const seen = new Set<string>();
    const worker = async () => {
      while (running) {
        const response = await fetch(`${test.url}/greeter/hello`);
        const body = (await response.json()) as { version: string };
        if (response.status !== 200) failures.push(body);
        seen.add(body.version);
        requests++;
      }
    };
    const workers = Array.from({ length: 8 }, worker);
    for (let n = 1; n <= 20; n++) {
      await writeFile(join(test.folder, 'plugins', 'greeter.ts'), greeter(`1.0.${n}`));
      const reload = await fetch(`${test.url}/plugins/greeter/reload`, { method: 'POST', headers: test.management });
      expect(reload.status).toBe(200);
      expect(await (await fetch(`${test.url}/greeter/hello`)).json()).toEqual({ version: `1.0.${n}` });
    }
    running = false;
    await Promise.all(workers);
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(50);
    expect(seen.size).toBeGreaterThan(5);
  });
});
