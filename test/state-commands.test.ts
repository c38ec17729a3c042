import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { calculator, sells, served, startShop } from './testing/api-plugins.ts';
import { backplane } from './testing/command.ts';
import { writePlugins } from './testing/plugin-files.ts';

const CANARY = 'canary-c0de-never-to-be-seen';
const token = 'test-token-of-at-least-sixteen-characters';

/** Asks a host that runs. */
const asking =
  ({ url }: Pick<TestHost, 'url'>) =>
  (words: string, input?: string) =>
    backplane([...words.split(' '), '--url', url], {
      env: { BACKPLANE_ADMIN_TOKEN: token },
      ...(input !== undefined && { input }),
    });

describe('backplane plugin', () => {
  it('switches plugins off and on, shows the plan first, and tells what a host knows', async () => {
    await using test = await startShop({
      'shop/plugin.ts': sells('shop', '1.0.0', "dependencies: { orders: '^1.0.0' },"),
      'calculator/plugin.ts': calculator,
    });
    const run = asking(test);
    const plan = await run('plugin disable orders --dry-run');
    expect(plan).toMatchObject({ code: 0, err: '' });
    expect(plan.out).toMatch(/orders +enabled +– +false/);
    expect(plan.out).toMatch(/- remove +orders[\s\S]*- remove +shop|- remove +shop[\s\S]*- remove +orders/);
    expect(plan.out).toContain('This is a plan for revision 0. Nothing was changed.');
    expect((await fetch(`${test.url}/shop/`)).status).toBe(200);
    const off = await run('plugin disable orders --comment=tea --author=Ann');
    expect(off).toMatchObject({ code: 0, out: expect.stringMatching(/✓ revision 1, generation 2, after \d+ ms/) });
    expect((await run('plugin enable orders --json')).out).toContain('"enabled": true');
    const info = await run('plugin info orders');
    expect(info.out).toMatch(/plugin_type +BILLING/);
    expect((await run('plugin health orders')).code).toBe(0);
    expect((await run('plugin exec calculator add 2 3')).out).toBe('5\n');
    expect((await run('plugin exec calculator sums.total {"numbers":[1,2]}')).out).toBe('3\n');
    expect(await run('plugin exec calculator fail')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Out of numbers.'),
    });
    expect(await run('plugin info nobody')).toMatchObject({ code: 4, err: expect.stringContaining('"nobody"') });
    expect((await run('plugin exec calculator add [1')).code).toBe(2);
    const history = await run('config history');
    expect(history.out).toMatch(/\* 2 +\S+ +admin \(\S+\)[\s\S]* {2}1 +\S+ +admin \(Ann\) +tea/);
  });

  it('installs, upgrades and removes', async () => {
    await using test = await startShop();
    const run = asking(test);
    const source = join(test.folder, 'elsewhere', 'shop');
    const write = (version: string) =>
      writePlugins(source, {
        'plugin.yaml': `name: shop\nversion: "${version}"\n`,
        'plugin.ts': sells('shop', version),
      });
    await write('1.0.0');
    expect((await run(`plugin install ${source}`)).out).toMatch(/\+ add +shop +1\.0\.0/);
    await write('2.0.0');
    expect((await run(`plugin install ${source}`)).out).toMatch(/~ replace +shop +1\.0\.0 → 2\.0\.0/);
    expect(await (await fetch(`${test.url}/shop/`)).text()).toBe('shop 2.0.0');
    expect((await run('plugin remove shop')).code).toBe(0);
    expect(await run('plugin remove orders')).toMatchObject({ code: 1, err: expect.stringContaining('plugin folder') });
  });

  it('shows the log, and follows it until it is interrupted', async () => {
    await using test = await startShop();
    const run = asking(test);
    expect((await run('plugin logs orders')).out).toContain('1.2.0 runs');
    const lines = (await run('plugin logs --json --since 1h')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).message)).toContain('1.2.0 runs');
    expect((await run('plugin logs --since yesterday')).code).toBe(2);
    const following = run('plugin logs --follow --level warn');
    let stopped = false;
    const chatter = (async () => {
      while (!stopped) {
        test.host.logger.warn('chatter');
        await new Promise((done) => setTimeout(done, 50));
      }
    })();
    await new Promise((done) => setTimeout(done, 1500));
    stopped = true;
    await chatter;
    await test.host.stop();
    const { code, out, err } = await following;
    expect(out).toMatch(/warn +backplane chatter/);
    expect(err).toContain('The host has ended the stream.');
    expect(code).toBe(3);
  });
});

describe('backplane config, plan and apply', () => {
  it('sets keys, seals secrets from standard input, shows what differs, and goes back', async () => {
    await using test = await startShop();
    const run = asking(test);
    expect((await run('config set orders timeout 60')).out).toMatch(/orders +config\.timeout +– +60/);
    expect((await run('config set orders timeout 90')).out).toMatch(/orders +config\.timeout +60 +90/);
    const sealed = await run('config set orders token -', `${CANARY}\n`);
    expect(sealed).toMatchObject({ code: 0, out: expect.stringMatching(/config\.token +– +"\*\*\*"/) });
    expect(await served(test)).toEqual({ timeout: 90, region: 'eu', knows: CANARY.length });
    const shown = await run(`config show --plugins ${join(test.folder, 'plugins')} --plugin orders`);
    expect(shown.out).toMatch(/timeout +90 +api[\s\S]*token +"\*\*\*" +api/);
    expect((await run(`config validate --plugins ${join(test.folder, 'plugins')}`)).code).toBe(0);
    const wrong = await run('config set orders timeout long');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/timeout.*number/s) });
    expect((await run('config diff --to 2')).out).toMatch(/From revision 1 to 2[\s\S]*config\.timeout +60 +90/);
    expect((await run('config diff --from 3 --to 1')).out).toMatch(/config\.token +"\*\*\*" +–/);
    expect((await run('config unset orders token')).code).toBe(0);
    expect((await run('config rollback 1 --dry-run')).out).toContain('This is a plan');
    expect((await run('config rollback 1')).out).toMatch(/timeout +90 +60/);
    expect(await served(test)).toEqual({ timeout: 60, region: 'eu', knows: 0 });
    expect(await run('config rollback 77')).toMatchObject({ code: 4, err: expect.stringContaining('77') });
    const all = (await run('config history --json')).out + (await run('audit list')).out;
    expect(all).not.toContain(CANARY);
  });

  it('plans and applies a file, and says where it is wrong', async () => {
    await using test = await startShop({ 'shop/plugin.ts': sells('shop') });
    const run = asking(test);
    const file = join(test.folder, 'wanted.yaml');
    await writeFile(file, 'plugins:\n  orders:\n    config: { timeout: 7 }\n  shop:\n    enabled: false\n');
    const plan = await run(`plan ${file}`);
    expect(plan.out).toMatch(/config\.timeout +– +7[\s\S]*~ replace +orders[\s\S]*- remove +shop/);
    const applied = await run(`apply ${file} --yes`);
    expect(applied).toMatchObject({ code: 0, out: expect.stringMatching(/✓ revision 1, generation 2/) });
    expect(await served(test)).toMatchObject({ timeout: 7 });
    expect((await run(`apply ${file} --yes`)).out).toBe('Nothing changes.\n');
    expect(await run('plan -', 'plugins: [')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/standard input:1:\d+/),
    });
    expect((await run('plan -', 'plugins: { orders: { timeout: 1 } }')).err).toContain('timeout');
    expect((await run('apply nowhere.yaml')).code).toBe(2);
    const bad = await run('apply -', JSON.stringify({ plugins: { orders: { config: { timeout: 'x' } } } }));
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('timeout') });
  });

  it('plans and applies what the plugin folders and files say now', async () => {
    await using test = await startShop();
    const run = asking(test);
    expect((await run('plan')).out).toBe('Nothing changes.\n');
    await writePlugins(join(test.folder, 'plugins'), { 'late/plugin.ts': sells('late') });
    expect((await run('plan')).out).toMatch(/\+ add +late +1\.0\.0/);
    expect((await fetch(`${test.url}/late/`)).status).toBe(404);
    expect((await run('apply')).out).toMatch(/\+ add +late/);
    expect((await fetch(`${test.url}/late/`)).status).toBe(200);
  });
});

describe('where no host runs', () => {
  it('what is to run is looked at and changed all the same, for the next start', async () => {
    await using test = await startShop({ 'shop/plugin.ts': sells('shop') });
    await asking(test)('config set orders timeout 60');
    const { folder } = test;
    const env = { BACKPLANE_PORT: '1', BACKPLANE_ADMIN_TOKEN: token };
    const places = ['--data', join(folder, 'data')];
    const run = (words: string) => backplane([...words.split(' '), ...places], { cwd: folder, env });
    const busy = await run('config history');
    expect(busy).toMatchObject({
      code: 3,
      err: expect.stringMatching(/with --url or BACKPLANE_PORT[\s\S]*belongs to process/),
    });
    await test.host.stop();

    const show = await run(`config show --plugins ${join(folder, 'plugins')}`);
    expect(show.out).toMatch(/timeout +60 +api/);
    expect((await run(`config validate --plugins ${join(folder, 'plugins')}`)).code).toBe(0);
    expect((await run('config history')).out).toMatch(/\* 1 /);
    expect((await run('plugin list')).out).toMatch(/No host runs\.[\s\S]*orders +1\.2\.0 +enabled/);
    expect((await run('plugin disable shop')).out).toContain('it takes effect at the next start');
    expect((await run('config set orders timeout 61')).code).toBe(0);
    expect((await run('config set orders timeout never')).code).toBe(1);
    expect(await run('audit verify')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The audit trail is whole.'),
    });
    expect((await run('plugin reload orders')).code).toBe(3);

    await using again = await createTestHost({
      pluginPaths: [join(folder, 'plugins')],
      dataDir: join(folder, 'data'),
      configDir: join(folder, 'config'),
    });
    expect(again.start.plugins.map(({ name, state }) => [name, state.phase])).toEqual([
      ['orders', 'running'],
      ['shop', 'disabled'],
    ]);
    expect(await served(again)).toMatchObject({ timeout: 61 });
  });
});
