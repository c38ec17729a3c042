import { readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { isBackplaneError } from '@backplane/base';
import { PluginBase } from '@backplane/plugin-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findPlugin } from './find-plugin.ts';
import { createLoader, type Loader } from './loader.ts';
import type { SharedList } from './shared-modules.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

let folder: PluginFolder;
let cache: PluginFolder;
let loader: Loader;

const open = (shared: SharedList = {}): Loader => createLoader({ cacheDir: cache.path, shared });

beforeEach(() => {
  folder = new PluginFolder();
  cache = new PluginFolder();
  loader = open();
});

afterEach(async () => {
  await loader.close();
  folder[Symbol.dispose]();
  cache[Symbol.dispose]();
});

/** Loads a file of the folder; the exports are as loose as a plugin's are to a host. */
async function load(name: string, from: Loader = loader) {
  const { exports, ...rest } = await from.load(folder.file(name));
  // biome-ignore lint/suspicious/noExplicitAny: exports of code that is made here as text
  return { exports: exports as any, ...rest };
}

async function refusal(name: string, from: Loader = loader) {
  const error = await load(name, from).then(
    () => expect.fail('it loaded'),
    (thrown: unknown) => thrown,
  );
  if (!isBackplaneError(error)) throw error;
  return error;
}

describe('own files', () => {
  test('gives the live exports of a TypeScript plugin of several files', async () => {
    folder.write({
      'plugin.ts': `
        import { greet, type Greeting } from './lib/greet.ts';
        import settings from './settings.json' with { type: 'json' };
        export enum Tone { Low = 1 }
        export let count = 0;
        export const increase = (): void => { count += 1 };
        export default (name: string): Greeting => greet(name, settings.mark);`,
      'lib/greet.ts':
        'export type Greeting = string;\nexport const greet = (a: string, b: string): Greeting => ["Hello ", a, b].join("");',
      'settings.json': '{ "mark": "!" }',
    });
    const { exports, inputs, collectable } = await load('plugin.ts');
    expect(exports.default('Ada')).toBe('Hello Ada!');
    expect(exports.count).toBe(0);
    exports.increase();
    expect(exports.count).toBe(1);
    expect(Object.keys(exports)).toEqual(['Tone', 'count', 'default', 'increase']);
    expect(() => Object.assign(exports, { count: 5 })).toThrow(TypeError);
    expect([...inputs].sort()).toEqual(['lib/greet.ts', 'plugin.ts', 'settings.json'].map((name) => folder.file(name)));
    expect(collectable).toBe(true);
  });

  test('waits for top-level await', async () => {
    folder.write({ 'plugin.ts': "export const late = await Promise.resolve('here');" });
    expect((await load('plugin.ts')).exports.late).toBe('here');
  });

  test('lowers decorators', async () => {
    folder.write({
      'plugin.ts': `
        const seen: string[] = [];
        const note = (value: unknown, context: { kind: string; name: string | symbol | undefined }) => { seen.push(\`\${context.kind} \${String(context.name)}\`) };
        @note export class Thing { @note act(): void {} }
        export { seen };`,
    });
    expect((await load('plugin.ts')).exports.seen).toEqual(['method act', 'class Thing']);
  });

  test('evaluates anew at every load', async () => {
    folder.write({ 'plugin.ts': 'export const made = {};' });
    const [one, two] = [await load('plugin.ts'), await load('plugin.ts')];
    expect(one.exports.made).not.toBe(two.exports.made);
    expect(one.digest).toBe(two.digest);
  });

  test('gives each source file its own import.meta, __dirname and __filename', async () => {
    folder.write({
      'plugin.ts': `
        export * as deep from './a/deep.ts';
        import old from './b/old.cjs';
        export { old };
        export const url = import.meta.url;
        export const data = new URL('./data.bin', import.meta.url);`,
      'a/deep.ts':
        'export const { url, filename, dirname } = import.meta;\nexport const resolved = import.meta.resolve("./x.js");',
      'b/old.cjs': 'module.exports = { __dirname, __filename, kind: typeof __dirname };',
      'data.bin': 'data',
    });
    const { exports, inputs } = await load('plugin.ts');
    const fileUrl = (name: string) => `file://${folder.file(name)}`;
    expect(exports.url).toBe(fileUrl('plugin.ts'));
    expect(exports.deep.url).toBe(fileUrl('a/deep.ts'));
    expect(exports.deep.filename).toBe(folder.file('a/deep.ts'));
    expect(exports.deep.dirname).toBe(folder.file('a'));
    expect(exports.deep.resolved).toBe(fileUrl('a/x.js'));
    expect(exports.old).toEqual({ __dirname: folder.file('b'), __filename: folder.file('b/old.cjs'), kind: 'string' });
    expect(readFileSync(exports.data, 'utf8')).toBe('data');
    expect(inputs).toContain(folder.file('data.bin'));
  });

  test('treats a data file that the code names by URL as an input', async () => {
    folder.write({ 'plugin.ts': "export const data = new URL('./data.bin', import.meta.url);", 'data.bin': 'one' });
    const before = await load('plugin.ts');
    folder.write({ 'data.bin': 'two' });
    expect((await load('plugin.ts')).digest).not.toBe(before.digest);
  });

  test('imports relative to the file that asks when the name is known at run time only', async () => {
    folder.write({
      'plugin.ts': "export { fetch } from './a/asker.ts';",
      'a/asker.ts': 'export const fetch = (name: string) => import(name);',
      'a/late.mjs': "export const here = 'a';",
    });
    const { exports } = await load('plugin.ts');
    expect(await exports.fetch('./late.mjs')).toMatchObject({ here: 'a' });
    expect(await exports.fetch('node:path')).toHaveProperty('join');
    await expect(exports.fetch('no-such-package')).rejects.toThrow(/no-such-package/);
  });

  test('lets an author declare names that the loader works with', async () => {
    folder.write({
      'plugin.ts': `
        import { createRequire } from 'node:module';
        import { join } from 'node:path';
        const require = createRequire(import.meta.url);
        const __bp = 1, __bp0 = 2, module = 3, exports = 4;
        export const sum = __bp + __bp0 + module + exports;
        export const path = require('node:path').join === join;`,
    });
    expect((await load('plugin.ts')).exports).toMatchObject({ sum: 10, path: true });
  });

  test('takes a CommonJS entry as Node does', async () => {
    folder.write({ 'plugin.cjs': "const path = require('path');\nexports.name = 'old';\nexports.join = path.join;" });
    const { exports } = await load('plugin.cjs');
    expect(exports.name).toBe('old');
    expect(exports.default.name).toBe('old');
    folder.write({
      'compiled.js':
        "Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = 1;\nexports.two = 2;",
    });
    const compiled = (await load('compiled.js')).exports;
    expect(compiled.default.default).toBe(1);
    expect(compiled.two).toBe(2);
  });
});

test('gives the plugin that a file exports, with the API of the host', async () => {
  folder.write({
    'plugin.ts': `
      import { PluginBase, type PluginMetadata } from '@backplane/plugin-api';
      export const helper = 1;
      export class Payment extends PluginBase {
        static override readonly metadata: PluginMetadata = { name: 'payment', version: '1.0.0' };
      }`,
  });
  const host = open({ '@backplane/plugin-api': () => import('@backplane/plugin-api') });
  const { exports } = await load('plugin.ts', host);
  expect(findPlugin(exports)).toMatchObject({ name: 'payment', version: '1.0.0' });
  expect(Object.getPrototypeOf(exports.Payment)).toBe(PluginBase);
  await host.close();
});

describe('own packages', () => {
  beforeEach(() => {
    folder.write({
      'plugin.ts':
        "import { version, files } from 'old';\nimport modern from 'modern';\nexport { version, files, modern };",
      'node_modules/old/package.json': '{ "name": "old", "main": "main.js" }',
      'node_modules/old/main.js': `
        'use strict';
        const fs = require('node:fs');
        const pick = (name) => require(name);
        module.exports = { version: 1, files: fs.readdirSync(__dirname), join: pick('path').join };`,
      'node_modules/modern/package.json': '{ "name": "modern", "type": "module", "exports": "./main.js" }',
      'node_modules/modern/main.js': "export default 'modern 1';",
    });
  });

  test('bundles ESM and CommonJS packages that lie beside the plugin', async () => {
    const { exports, inputs } = await load('plugin.ts');
    expect(exports).toMatchObject({ version: 1, files: ['main.js', 'package.json'], modern: 'modern 1' });
    expect(inputs).toContain(folder.file('node_modules/old/main.js'));
  });

  test('runs the new code of a changed package under another digest', async () => {
    const before = await load('plugin.ts');
    folder.write({ 'node_modules/modern/main.js': "export default 'modern 2';" });
    const after = await load('plugin.ts');
    expect(after.exports.modern).toBe('modern 2');
    expect(after.digest).not.toBe(before.digest);
    expect(before.exports.modern).toBe('modern 1');
  });

  test('notices a change that keeps size and modification time', async () => {
    const file = folder.file('node_modules/modern/main.js');
    // Package managers give every file the same time.
    utimesSync(file, 499_162_500, 499_162_500);
    await load('plugin.ts');
    writeFileSync(file, "export default 'modern 3';");
    utimesSync(file, 499_162_500, 499_162_500);
    expect((await load('plugin.ts')).exports.modern).toBe('modern 3');
  });

  test('gives the same digest to the same files in another place', async () => {
    const here = await load('plugin.ts');
    using elsewhere = new PluginFolder();
    for (const name of ['plugin.ts', 'node_modules/old/package.json', 'node_modules/old/main.js'])
      elsewhere.write({ [name]: readFileSync(folder.file(name), 'utf8') });
    for (const name of ['node_modules/modern/package.json', 'node_modules/modern/main.js'])
      elsewhere.write({ [name]: readFileSync(folder.file(name), 'utf8') });
    // The listing of its own folder is no input.
    expect((await loader.load(elsewhere.file('plugin.ts'))).digest).toBe(here.digest);
  });

  test('takes a package that is put nearer than the one it had', async () => {
    folder.write({
      'sub/plugin.ts': "export { default } from 'modern';",
    });
    expect((await load('sub/plugin.ts')).exports.default).toBe('modern 1');
    folder.write({ 'sub/node_modules/modern/index.js': "export default 'nearer';" });
    expect((await load('sub/plugin.ts')).exports.default).toBe('nearer');
  });

  test('takes a file that is put before the one it had', async () => {
    folder.write({ 'plugin.ts': "export { which } from './part';", 'part.js': "export const which = 'js';" });
    expect((await load('plugin.ts')).exports.which).toBe('js');
    folder.write({ 'part.ts': "export const which = 'ts';" });
    expect((await load('plugin.ts')).exports.which).toBe('ts');
  });

  test('does without an optional package, and takes it when it has been installed', async () => {
    const optional = "let found = 'none'; try { found = require('optional') } catch {}\nexports.found = found;";
    folder.write({ 'plugin.ts': "export { found } from 'old';", 'node_modules/old/main.js': optional });
    expect((await load('plugin.ts')).exports.found).toBe('none');
    folder.write({ 'node_modules/optional/index.js': "module.exports = 'installed';" });
    expect((await load('plugin.ts')).exports.found).toBe('installed');
  });

  test('takes the package that a link leads to now', async () => {
    for (const version of ['1', '2'])
      folder.write({
        [`store/v${version}/index.mjs`]: `export default ${version};`,
        [`store/v${version}/package.json`]: '{ "main": "index.mjs" }',
      });
    folder.write({ 'plugin.ts': "export { default } from 'linked';" });
    const link = folder.file('node_modules/linked');
    symlinkSync(folder.file('store/v1'), link);
    expect((await load('plugin.ts')).exports.default).toBe(1);
    rmSync(link);
    symlinkSync(folder.file('store/v2'), link);
    expect((await load('plugin.ts')).exports.default).toBe(2);
  });
});

describe('refusals', () => {
  test('names file, line and column of a syntax error and shows the lines around', async () => {
    folder.write({ 'plugin.ts': "import './broken.ts';", 'broken.ts': 'export const ok = 1;\nexport const = 2;\n' });
    const error = await refusal('plugin.ts');
    expect(error).toMatchObject({
      code: 'BP_PLUGIN_SYNTAX',
      details: {
        problems: [
          {
            file: folder.file('broken.ts'),
            line: 2,
            column: 14,
            frame: expect.stringContaining('> 2 | export const = 2;'),
          },
        ],
      },
    });
    expect(error.message).toContain(`${folder.file('broken.ts')}:2:14`);
  });

  test('names the import of a package that is not there', async () => {
    folder.write({ 'plugin.ts': "\nimport nothing from 'no-such-package';\nexport default nothing;" });
    expect(await refusal('plugin.ts')).toMatchObject({
      code: 'BP_PLUGIN_IMPORT_NOT_FOUND',
      details: { problems: [{ text: 'Could not resolve "no-such-package"', line: 2, column: 21 }] },
    });
  });

  test('names the import of an export that a shared package does not have', async () => {
    folder.write({
      'plugin.ts':
        "import { join } from 'node:path';\nimport { nowhere } from 'node:os';\nexport default [join, nowhere];",
    });
    const error = await refusal('plugin.ts');
    expect(error).toMatchObject({
      code: 'BP_PLUGIN_IMPORT_NOT_FOUND',
      details: {
        problems: [
          { text: 'No matching export in "node:os" for import "nowhere"', file: folder.file('plugin.ts'), line: 2 },
        ],
      },
    });
  });

  test('gives what the top level threw as the cause', async () => {
    folder.write({ 'plugin.ts': "export const a = 1;\nthrow new TypeError('not today');" });
    const error = await refusal('plugin.ts');
    expect(error).toMatchObject({ code: 'BP_PLUGIN_EVALUATION', details: { reason: 'not today' } });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test('works again after a mistake was mended', async () => {
    folder.write({ 'plugin.ts': 'export const = 1;' });
    await refusal('plugin.ts');
    folder.write({ 'plugin.ts': 'export const a = 1;' });
    expect((await load('plugin.ts')).exports.a).toBe(1);
  });

  test('refuses what is no file, no code, or comes after the end', async () => {
    expect(await refusal('absent.ts')).toMatchObject({ code: 'BP_PLUGIN_ENTRY_NOT_FOUND' });
    expect(await refusal('style.css')).toMatchObject({ code: 'BP_PLUGIN_FILE_UNSUPPORTED' });
    await loader.close();
    await loader.close();
    expect(await refusal('plugin.ts')).toMatchObject({ code: 'BP_LOADER_CLOSED' });
  });
});

describe('many at once', () => {
  test('compiles once for two loads of one entry, and evaluates for each', async () => {
    folder.write({ 'plugin.ts': 'export const made = {};' });
    const [one, two] = await Promise.all([load('plugin.ts'), load('plugin.ts')]);
    expect(one.digest).toBe(two.digest);
    expect(one.exports.made).not.toBe(two.exports.made);
  });

  test('gives a load that was asked for after a change the changed code', async () => {
    folder.write({ 'plugin.ts': 'export const version = 1;' });
    const first = load('plugin.ts');
    folder.write({ 'plugin.ts': 'export const version = 2;' });
    const second = load('plugin.ts');
    expect((await second).exports.version).toBe(2);
    await first;
  });

  test('goes on with an entry whose load before failed', async () => {
    folder.write({ 'plugin.ts': 'export const = 1;' });
    const outcomes = await Promise.allSettled([load('plugin.ts'), load('plugin.ts')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('compiles more entries than it keeps in mind', async () => {
    const names = Array.from({ length: 36 }, (_, index) => `plugin-${index}.ts`);
    for (const [index, name] of names.entries()) folder.write({ [name]: `export const index = ${index};` });
    const loaded = await Promise.all(names.map((name) => load(name)));
    expect(loaded.map(({ exports }) => exports.index)).toEqual(names.map((_, index) => index));
  });
});

test('makes a bundle again whose cache file is broken', async () => {
  folder.write({ 'plugin.ts': 'export const value = 1;' });
  const { digest } = await load('plugin.ts');
  const [file = ''] = readdirSync(cache.path);
  for (const broken of ['', 'not a bundle', readFileSync(cache.file(file), 'utf8').slice(0, -9)]) {
    cache.write({ [file]: broken });
    expect(await load('plugin.ts')).toMatchObject({ digest, exports: { value: 1 } });
  }
});

test('serves one cache folder to loaders with different shared packages', async () => {
  folder.write({
    'plugin.ts': "export { whose } from 'thing';",
    'node_modules/thing/index.js': "exports.whose = 'own';",
  });
  expect((await load('plugin.ts')).exports.whose).toBe('own');
  const sharing = open({ thing: async () => ({ whose: 'shared' }) });
  expect((await load('plugin.ts', sharing)).exports.whose).toBe('shared');
  await sharing.close();
});

test('gives up a plugin whose top-level code never comes to an end, and names it', async () => {
  folder.write({ 'plugin.ts': 'await new Promise(() => {});', 'other.ts': 'export const fine = true;' });
  const hurried = createLoader({ cacheDir: cache.path, shared: {}, evaluationMs: 50 });
  const error = await refusal('plugin.ts', hurried);
  expect(error.code).toBe('BP_PLUGIN_EVALUATION_TIMEOUT');
  expect(error.message).toContain(folder.file('plugin.ts'));
  expect((await load('other.ts', hurried)).exports.fine).toBe(true);
  await hurried.close();
});

test('tells of a plugin that throws what cannot be looked at', async () => {
  folder.write({
    'plugin.ts':
      "const get = () => { throw new Error('trap'); };\nthrow new Proxy({}, { get, has: get, getPrototypeOf: get });",
  });
  expect((await refusal('plugin.ts')).code).toBe('BP_PLUGIN_EVALUATION');
});
