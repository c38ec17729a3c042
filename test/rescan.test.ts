import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';

const plugin = (name: string, more = '') => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  config: { greeting: { type: 'string', default: 'hello' } },
  ${more}
  initialize(context) {
    context.http.routes((app) => app.get('/', async () => ({ greeting: context.config.greeting })));
  },
});
`;

const outcomes = (report: { steps: readonly { name: string; action: string; outcome: string }[] }) =>
  Object.fromEntries(report.steps.map(({ name, action, outcome }) => [name, `${action} ${outcome}`]));

describe('looking at the plugin folders again', () => {
  it('adds what is new, replaces what changed or is configured otherwise, removes what is gone, and keeps the rest', async () => {
    await using test = await createTestHost({
      prepare: async (folder) => {
        await mkdir(join(folder, 'plugins'));
        await mkdir(join(folder, 'config', 'plugins'), { recursive: true });
        for (const name of ['stays', 'goes', 'changes', 'configured']) {
          await writeFile(join(folder, 'plugins', `${name}.ts`), plugin(name));
        }
        await writeFile(join(folder, 'plugins', 'waits.ts'), plugin('waits', `dependencies: ['goes'],`));
      },
    });
    const file = (name: string) => join(test.folder, 'plugins', `${name}.ts`);
    const get = async (name: string) => fetch(`${test.url}/${name}/`);
    const instance = () => test.host.control.pluginStatus('stays').instance;
    const before = instance();
    expect(outcomes(await test.host.rescan())).toEqual({});

    await rm(file('goes'));
    await writeFile(file('arrives'), plugin('arrives'));
    await writeFile(
      file('changes'),
      plugin('changes').replace('greeting: context', 'changed: true, greeting: context'),
    );
    await writeFile(join(test.folder, 'config', 'plugins', 'configured.yaml'), 'default:\n  greeting: welcome\n');
    expect(outcomes(await test.host.rescan())).toEqual({
      goes: 'remove applied',
      waits: 'remove applied',
      arrives: 'add applied',
      changes: 'replace applied',
      configured: 'replace applied',
    });
    expect(instance()).toBe(before);
    expect((await get('goes')).status).toBe(404);
    expect((await get('waits')).status).toBe(503);
    expect(await (await get('arrives')).json()).toEqual({ greeting: 'hello' });
    expect(await (await get('changes')).json()).toEqual({ changed: true, greeting: 'hello' });
    expect(await (await get('configured')).json()).toEqual({ greeting: 'welcome' });
    expect(test.host.control.pluginStatus('waits').reason).toContain('"goes"');

    await writeFile(file('goes'), plugin('goes'));
    expect(outcomes(await test.host.rescan())).toEqual({ goes: 'add applied', waits: 'add applied' });
    expect((await get('waits')).status).toBe(200);
  });

  it('refuses a bad configuration whole, with file and line, and keeps the old values', async () => {
    await using test = await createTestHost({
      prepare: async (folder) => {
        await mkdir(join(folder, 'plugins'));
        await mkdir(join(folder, 'config', 'plugins'), { recursive: true });
        await writeFile(join(folder, 'plugins', 'greeter.ts'), plugin('greeter'));
        await writeFile(join(folder, 'config', 'plugins', 'greeter.yaml'), 'default:\n  greeting: welcome\n');
      },
    });
    await writeFile(join(test.folder, 'config', 'plugins', 'greeter.yaml'), 'default:\n  greting: 5\n  greeting: 7\n');
    const reload = await fetch(`${test.url}/plugins/greeter/reload`, { method: 'POST', headers: test.management });
    expect(reload.status).toBe(409);
    const { detail } = (await reload.json()) as { detail: string };
    expect(detail).toMatch(/greeter\.yaml:2.*greting.*greeting/s);
    expect(detail).toMatch(/greeter\.yaml:3/);
    expect(await (await fetch(`${test.url}/greeter/`)).json()).toEqual({ greeting: 'welcome' });
    expect(test.host.control.pluginStatus('greeter').lastChange).toMatchObject({
      outcome: 'returned',
      version: '1.0.0',
    });
  });
});
