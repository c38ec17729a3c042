import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const command = fileURLToPath(new URL('../packages/cli/dist/backplane.js', import.meta.url));
const token = 'test-token-of-at-least-sixteen-characters';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function backplane(url: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, BACKPLANE_ADMIN_TOKEN: token, NO_COLOR: '1' };
    execFile(process.execPath, [command, 'plugin', ...args, '--url', url], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const plugin = (name: string, more: string) => `import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({ name: '${name}', version: '1.0.0', ${more} });`;

const boot = (): Promise<TestHost> =>
  createTestHost({
    adminToken: token,
    prepare: (folder) =>
      writePlugins(folder, {
        'plugins/good.js': plugin('good', ''),
        // Refused, and so in one state: what fails while it starts is tried again.
        'plugins/base.js': `throw new Error('no connection');\n${plugin('base', '')}`,
        'plugins/middle.js': plugin('middle', `dependencies: ['base']`),
        'plugins/top.js': plugin('top', `dependencies: ['middle']`),
        'plugins/sick.js': plugin(
          'sick',
          `initialize({ health }) { health.check('db', {}, () => ({ status: 'degraded', message: 'slow' })); }`,
        ),
      }),
  });

describe('backplane plugin', () => {
  it('explains one that runs, one that is sick, and one that waits, down to the root', async () => {
    await using test = await boot();
    const good = await backplane(test.url, 'why', 'good');
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('good 1.0.0 runs, and is healthy.') });
    const sick = await backplane(test.url, 'why', 'sick');
    expect(sick).toMatchObject({ code: 1, out: expect.stringContaining('Check "db" warns: slow') });
    const top = await backplane(test.url, 'why', 'top');
    expect(top.code).toBe(1);
    expect(top.out).toMatch(/top 1\.0\.0 is blocked[\s\S]*middle is refused[\s\S]*base is refused: .*no connection/);
    // The test runner's own traces leave source maps out.
    expect(top.out).toMatch(/At {6}\S+base\.js(\.bundle\.js)?:\d+:\d+[\s\S]*backplane plugin reload base/);
    const asked = await backplane(test.url, 'why', 'top', '--json');
    expect(JSON.parse(asked.out)).toMatchObject({ plugin: 'top', code: 'BP_PLUGIN_EVALUATION' });
  });

  it('lists them, reloads one, and says why where that fails', async () => {
    await using test = await boot();
    const { out } = await backplane(test.url, 'list');
    expect(out).toMatch(/^NAME +VERSION +STATE/);
    expect(out).toMatch(/^good +1\.0\.0 +running +inline +CUSTOM/m);
    expect(await backplane(test.url, 'reload', 'good')).toMatchObject({
      code: 0,
      out: expect.stringContaining('good 1.0.0 → 1.0.0'),
    });
    expect(await backplane(test.url, 'reload', 'base')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no connection'),
    });
  });

  it('says who is unknown, who does not answer, and what was called wrongly', async () => {
    await using test = await boot();
    expect(await backplane(test.url, 'why', 'nobody')).toMatchObject({
      code: 4,
      err: expect.stringContaining('nobody'),
    });
    expect(await backplane('http://127.0.0.1:1', 'list')).toMatchObject({
      code: 3,
      err: expect.stringContaining('backplane start'),
    });
    expect((await backplane(test.url, 'why')).code).toBe(2);
  });
});
