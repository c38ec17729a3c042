import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCompositeDiscoverer } from './composite-discoverer.ts';
import { createDirectoryDiscoverer } from './discover-directory.ts';
import { createPackageDiscoverer } from './discover-packages.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-packages-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Record<string, string | object>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const packaged = (plugins: unknown) => ({ name: 'x', version: '1.0.0', backplane: { plugins } });
const discover = () => createPackageDiscoverer({ project: join(folder, 'project') }).discover();

describe('packages that a project depends on', () => {
  it('give the plugins they declare: scoped, several of one package, hoisted, linked and optional ones', async () => {
    await write({
      'project/package.json': {
        dependencies: { '@acme/payments': '1', hoisted: '1', linked: '1', plain: '1' },
        optionalDependencies: { absent: '1' },
        devDependencies: { tool: '1' },
      },
      'project/node_modules/@acme/payments/package.json': packaged({
        payment_processing: './dist/payment.js#PaymentPlugin',
        refunds: './dist/refunds.js',
      }),
      'project/node_modules/@acme/payments/dist/payment.js': '',
      'project/node_modules/@acme/payments/dist/refunds.js': '',
      'node_modules/hoisted/package.json': packaged({ hoisted: './plugin.js' }),
      'node_modules/hoisted/plugin.js': '',
      'elsewhere/package.json': packaged({ linked: './plugin.ts' }),
      'elsewhere/plugin.ts': '',
      'project/node_modules/plain/package.json': { name: 'plain' },
      'project/node_modules/tool/package.json': packaged({ tool: './plugin.js' }),
    });
    await symlink(join(folder, 'elsewhere'), join(folder, 'project/node_modules/linked'));
    const { candidates, problems } = await discover();
    expect(problems).toEqual([]);
    expect(candidates.map(({ name, origin, exportName }) => [name, origin, exportName])).toEqual([
      ['payment-processing', 'node_modules/@acme/payments/package.json', 'PaymentPlugin'],
      ['refunds', 'node_modules/@acme/payments/package.json', undefined],
      ['hoisted', 'node_modules/hoisted/package.json', undefined],
      ['linked', 'node_modules/linked/package.json', undefined],
    ]);
    expect(candidates[3]?.entry).toBe(join(folder, 'elsewhere/plugin.ts'));
  });

  it('that are broken are told with file and line, and the others are found', async () => {
    await write({
      'project/package.json': { dependencies: { broken: '1', good: '1', outside: '1' } },
      'project/node_modules/broken/package.json':
        '{\n "name": "broken",\n "backplane": {\n  "plugins": { "lost": "./gone.js" }\n }\n}',
      'project/node_modules/outside/package.json': packaged({ outside: '../good/plugin.js' }),
      'project/node_modules/good/package.json': packaged({ good: './plugin.js' }),
      'project/node_modules/good/plugin.js': '',
    });
    const { candidates, problems } = await discover();
    expect(candidates.map(({ name }) => name)).toEqual(['good']);
    expect(problems).toMatchObject([
      { plugin: 'lost', code: 'BP_DISCOVERY_ENTRY_MISSING', file: 'node_modules/broken/package.json', line: 4 },
      { plugin: 'outside', code: 'BP_DISCOVERY_OUTSIDE' },
    ]);
  });

  it('are none where there is no package.json, and a broken one is told', async () => {
    expect(await discover()).toEqual({ candidates: [], problems: [] });
    await write({ 'project/package.json': '{ "dependencies": ' });
    expect((await discover()).problems).toMatchObject([{ code: 'BP_DISCOVERY_PACKAGE_INVALID' }]);
  });
});

describe('several sources of plugins', () => {
  it('are one, in their order; what both claim is told with both places, and what is in both is there once', async () => {
    await write({
      'project/package.json': { dependencies: { one: '1', two: '1' } },
      'project/node_modules/one/package.json': packaged({ one: './plugin.js' }),
      'project/node_modules/one/plugin.js': '',
      'project/node_modules/two/package.json': packaged({ rival: './plugin.js' }),
      'project/node_modules/two/plugin.js': '',
      'project/plugins/rival.js': '',
      'project/plugins/sole.js': '',
    });
    const { candidates, problems } = await createCompositeDiscoverer([
      createDirectoryDiscoverer({ paths: [join(folder, 'project/plugins')] }),
      createPackageDiscoverer({ project: join(folder, 'project') }),
      createPackageDiscoverer({ project: join(folder, 'project') }),
    ]).discover();
    expect(candidates.map(({ name }) => name)).toEqual(['sole', 'one']);
    expect(problems).toMatchObject([{ code: 'BP_DISCOVERY_NAME_TAKEN', plugin: 'rival' }]);
    expect(problems[0]?.message).toMatch(/plugins.rival\.js and by .*node_modules.two.plugin\.js/);
  });
});
