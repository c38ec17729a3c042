import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

const CLI = fileURLToPath(new URL('../packages/cli/dist/backplane.js', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'backplane-config-')));
});
afterEach(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function backplane(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, 'config', ...args, '--no-packages'],
      { cwd: folder, env: { PATH: process.env.PATH, NO_COLOR: '1', ...env } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

const shop = `


import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'shop',
  version: '1.0.0',
  aliases: ['store'],
  config: {
    currency: { type: 'string', default: 'EUR' },
    threshold: { type: 'number', required: true },
    api_key: { type: 'string', encrypted: true },
    urls: { type: 'array', items: { type: 'string' } },
  },
  initialize() { throw new Error('nothing is started'); },
});
`;
const FILES: PluginFiles = {
  'plugins/shop.ts': shop,
  'plugins/plain.ts':
    "import { definePlugin } from '@backplane/plugin-api';\nexport default definePlugin({ name: 'plain', version: '1.0.0' });\n",
  'config/base.yaml': 'plugins:\n  shop:\n    threshold: 0.1\n    api_key: s3cret\n',
  'config/plugins/shop.yaml': 'default:\n  urls: [a, !secret env:SHOP_URL]\nproduction:\n  threshold: 0.7\n',
};

describe('backplane config show', () => {
  it('tells every value and where it comes from, and keeps secrets to itself', async () => {
    await writePlugins(folder, FILES);
    const { code, out } = await backplane(['show', '--plugin=store'], {
      BACKPLANE_ENVIRONMENT: 'production',
      BACKPLANE_PLUGINS__SHOP__CURRENCY: 'CHF',
      SHOP_URL: 'https://s3cret.example',
    });
    expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['shop'],
      ['KEY', 'VALUE', 'LAYER', 'WHERE'],
      ['threshold', '0.7', 'production', 'config/plugins/shop.yaml:4:3'],
      ['api_key', '"***"', 'base', 'config/base.yaml:4:5'],
      ['urls.0', '"a"', 'default', 'config/plugins/shop.yaml:2:10'],
      ['urls.1', '"***"', 'default', 'config/plugins/shop.yaml:2:21'],
      ['currency', '"CHF"', 'environment', 'BACKPLANE_PLUGINS__SHOP__CURRENCY'],
      [''],
    ]);
    expect(out).not.toContain('s3cret');
    expect(code).toBe(0);
  });

  it('as JSON is one document, with defaults of the schema', async () => {
    await writePlugins(folder, FILES);
    const { out } = await backplane(['show', '--json'], { SHOP_URL: 's3cret' });
    const { plugins } = JSON.parse(out) as { plugins: { plugin: string; values: { key: string; origin: object }[] }[] };
    expect(plugins.map(({ plugin }) => plugin)).toEqual(['plain', 'shop']);
    const currency = plugins[1]?.values.find(({ key }) => key === 'currency');
    expect(currency).toEqual({ key: 'currency', value: 'EUR', origin: { layer: 'schema' }, hidden: [] });
    expect(out).not.toContain('s3cret');
  });
});

describe('backplane config validate', () => {
  it('says that everything is right', async () => {
    await writePlugins(folder, FILES);
    const { code, out } = await backplane(['validate'], { SHOP_URL: 's3cret' });
    expect(out).toBe('✓ plain\n✓ shop\n\nEverything is right.\n');
    expect(code).toBe(0);
  });

  it('says everything that is wrong at once, each with its place, and what was meant', async () => {
    await writePlugins(folder, {
      ...FILES,
      'config/plugins/shop.yaml': 'default:\n  currncy: USD\n  threshold: high\n  urls: nowhere\n',
      'plugins/broken.ts': 'export const = 1;',
    });
    const { code, out } = await backplane(['validate']);
    expect(code).toBe(1);
    expect(out).toContain('✗ broken');
    expect(out).toContain('✓ plain');
    for (const place of ['2:3', '3:3', '4:3']) expect(out).toContain(`config/plugins/shop.yaml:${place}`);
    expect(out).toContain('Did you mean "currency"?');
    expect(out).toContain('2 of 3 are wrong.');
    const one = await backplane(['validate', '--plugin=plain']);
    expect(one).toMatchObject({ code: 0, out: '✓ plain\n\nEverything is right.\n' });
  });

  it('tells a name that no plugin has, which is wrong where it is near to one that is there', async () => {
    const base = 'plugins:\n  directories: [./plugins]\n  store:\n    threshold: 1\n  elsewhere: {}\n';
    await writePlugins(folder, { ...FILES, 'config/base.yaml': base });
    const env = { SHOP_URL: 'x' };
    const shared = await backplane(['validate'], env);
    expect(shared).toMatchObject({ code: 0, out: expect.stringContaining('Everything is right.') as string });
    expect(shared.out).toContain('! config/base.yaml:5:3  No plugin "elsewhere" is found.\n');
    await writePlugins(folder, {
      'config/base.yaml': `${base}  shopp: {}\nplugin_settings:\n  storee: {}\ndefault_plugins:\n  - name: sotre\n`,
      'config/plugins/plan.yaml': 'default: {}\n',
    });
    const { code, out } = await backplane(['validate'], { ...env, BACKPLANE_PLUGINS__PLIAN__A: '1' });
    expect(code).toBe(1);
    for (const line of [
      'config/base.yaml:6:3  No plugin "shopp" is found. Did you mean "shop"?',
      'config/base.yaml:8:3  No plugin "storee" is found. Did you mean "store"?',
      'config/base.yaml:10:5  No plugin "sotre" is found. Did you mean "store"?',
      'config/plugins/plan.yaml  No plugin "plan" is found. Did you mean "plain"?',
      'BACKPLANE_PLUGINS__PLIAN__A  No plugin "plian" is found. Did you mean "plain"?',
    ])
      expect(out).toContain(`✗ ${line}\n`);
    expect(out).toContain('5 names are misspelt.');
    const one = await backplane(['validate', '--plugin=plain'], env);
    expect(one.code).toBe(1);
    expect(one.out).not.toContain('shopp');
  });

  it('tells usage apart from what is wrong', async () => {
    await writePlugins(folder, FILES);
    const { code, err } = await backplane(['validate', '--plugin=shp']);
    expect(code).toBe(2);
    expect(err).toContain('There is no plugin "shp"; found plain, shop.');
    expect((await backplane(['validate', '--plugn=shop'])).code).toBe(2);
  });
});

describe('backplane config schema', () => {
  it('is that of the host’s file with every plugin in it, and that of a plugin’s own', async () => {
    await writePlugins(folder, FILES);
    const ajv = new Ajv2020({ strict: false });
    const base = ajv.compile(JSON.parse((await backplane(['schema'])).out) as object);
    const own = ajv.compile(JSON.parse((await backplane(['schema', '--plugin=shop'])).out) as object);
    const wrongBase: unknown = { plugins: { shop: { currency: 7 } } };
    expect([
      base({ plugins: { directories: ['./x'], shop: { currency: 'EUR', priority: 3 } } }),
      base(wrongBase),
    ]).toEqual([true, false]);
    expect([
      own({ default: { urls: ['a'] }, production: { threshold: 0.1 } }),
      own({ production: { threshold: 'x' } }),
    ]).toEqual([true, false]);
  });
});
