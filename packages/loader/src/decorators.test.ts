import { symlinkSync } from 'node:fs';
import { isBackplaneError } from '@backplane/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLoader, type Loader } from './loader.ts';
import { PluginFolder, runScript } from './testing/plugin-folder.ts';

let folder: PluginFolder;
let cache: PluginFolder;
let loader: Loader;

beforeEach(() => {
  folder = new PluginFolder();
  cache = new PluginFolder();
  loader = createLoader({
    cacheDir: cache.path,
    shared: {
      '@backplane/plugin-api': () => import('@backplane/plugin-api'),
      '@backplane/plugin-api/decorators': () => import('@backplane/plugin-api/decorators'),
    },
  });
});

afterEach(async () => {
  await loader.close();
  folder[Symbol.dispose]();
  cache[Symbol.dispose]();
});

const load = async (name: string) => (await loader.load(folder.file(name))).exports;

const refusal = (name: string) =>
  loader.load(folder.file(name)).then(
    () => expect.fail('it loaded'),
    (thrown: unknown) => (isBackplaneError(thrown) ? thrown : expect.fail(String(thrown))),
  );

/** A class of that name whose method says in which form its decorator was called. */
const formTeller = (name: string) => `
const seen: string[] = [];
const tell = (_value: unknown, context: unknown) => { seen.push(typeof context === 'object' ? 'standard' : 'experimental') };
export class ${name} {
  @tell act(): void {}
}
export const ${name}Form = seen;`;

const EXPERIMENTAL = '{ "compilerOptions": { "experimentalDecorators": true } }';

describe('decorators', () => {
  test('are compiled in own files, in TypeScript of own packages, and in a package that is linked from elsewhere', async () => {
    folder.write({
      'plugin/plugin.ts': "export * from 'packed';\nexport * from 'linked';\nexport * from './own.ts';",
      'plugin/own.ts': formTeller('Own'),
      'plugin/node_modules/packed/package.json': '{ "name": "packed", "type": "module", "exports": "./index.ts" }',
      'plugin/node_modules/packed/tsconfig.json': EXPERIMENTAL,
      'plugin/node_modules/packed/index.ts': formTeller('Packed'),
      'elsewhere/package.json': '{ "name": "linked", "type": "module", "exports": "./index.ts" }',
      'elsewhere/index.ts': formTeller('Linked'),
    });
    symlinkSync('../../elsewhere', folder.file('plugin/node_modules/linked'));
    const { OwnForm, PackedForm, LinkedForm } = await load('plugin/plugin.ts');
    expect([OwnForm, PackedForm, LinkedForm]).toEqual([['standard'], ['standard'], ['standard']]);
  });

  test('of other libraries get the form that the tsconfig asks for', async () => {
    folder.write({ 'tsconfig.json': EXPERIMENTAL, 'plugin.ts': formTeller('Own') });
    expect((await load('plugin.ts')).OwnForm).toEqual(['experimental']);
  });

  test('of the plugin API keep names, places in stacks, and their code where they are refused', async () => {
    folder.write({
      'plugin.ts': `import { trackMetrics } from '@backplane/plugin-api/decorators';
export class Vault {
  @trackMetrics({ metricName: 'opened' })
  open(): never {
    throw new Error('It is shut.');
  }
}`,
      'wrong.ts': `import { requiresAuth } from '@backplane/plugin-api/decorators';
export class Vault {
  @requiresAuth({ roles: [] }) open() {}
}`,
    });
    const decorators = JSON.stringify(import.meta.resolve('@backplane/plugin-api/decorators'));
    const script = `
      loading.enableSourceMaps();
      const shared = { '@backplane/plugin-api/decorators': () => import(${decorators}) };
      const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared });
      const { Vault } = (await loader.load(folder + '/plugin.ts')).exports;
      const { stack } = await Promise.try(() => new Vault().open()).catch((error) => error);
      const refused = await loader.load(folder + '/wrong.ts').catch(({ code, status, message }) => ({ code, status, message }));
      report({ names: [Vault.name, Vault.prototype.open.name], stack, refused });
      await loader.close();`;
    expect(await runScript(folder, script)).toEqual({
      names: ['Vault', 'open'],
      stack: expect.stringContaining('plugin.ts:5:11'),
      refused: {
        code: 'BP_DECORATOR_OPTIONS',
        status: 422,
        message: expect.stringContaining(`(${folder.file('wrong.ts')}:3:`),
      },
    });
  });

  test('that were compiled as experimental ones are refused with the mend', async () => {
    folder.write({
      'tsconfig.json': EXPERIMENTAL,
      'plugin.ts': `import { requiresAuth } from '@backplane/plugin-api/decorators';
export class Vault {
  @requiresAuth() open() {}
}`,
    });
    const error = await refusal('plugin.ts');
    expect(error.code).toBe('BP_DECORATOR_LEGACY');
    expect(error.message).toContain('Remove "experimentalDecorators" from the nearest tsconfig.json');
  });

  test('are refused with their place where Node imports files as they are', async () => {
    folder.write({
      'plugin.ts': "/**\n * @throws nothing\n */\nexport { Vault } from './vault.ts';",
      'vault.ts': 'const tell = (value: unknown) => value;\n\nexport class Vault {\n  @tell\n  open() {}\n}',
      'broken.ts': 'export const = 2;',
    });
    const script = `
      const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {}, mode: 'native' });
      const refusal = (name) => loader.load(folder + '/' + name).then(() => 'loaded', ({ code, message }) => [code, message]);
      report([await refusal('plugin.ts'), await refusal('broken.ts')]);
      await loader.close();`;
    const [decorated, broken] = (await runScript(folder, script)) as [string, string][];
    expect(decorated?.[0]).toBe('BP_PLUGIN_DECORATOR_UNCOMPILED');
    expect(decorated?.[1]).toContain(`${folder.file('vault.ts')}:4:3`);
    expect(broken?.[0]).toBe('BP_PLUGIN_SYNTAX');
  });
});
