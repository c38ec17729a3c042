import { readdirSync, readFileSync } from 'node:fs';
import { PluginBase } from '@backplane/plugin-api';
import { describe, expect, test } from 'vitest';
import { findPlugin } from './find-plugin.ts';
import { useLoader } from './testing/use-loader.ts';

const fixture = useLoader();

describe('own files', () => {
  test('gives the live exports of a TypeScript plugin of several files', async () => {
    fixture.folder.write({
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
    const { exports, inputs, collectable } = await fixture.load('plugin.ts');
    expect(exports.default('Ada')).toBe('Hello Ada!');
    expect(exports.count).toBe(0);
    exports.increase();
    expect(exports.count).toBe(1);
    expect(Object.keys(exports)).toEqual(['Tone', 'count', 'default', 'increase']);
    expect(() => Object.assign(exports, { count: 5 })).toThrow(TypeError);
    expect([...inputs].sort()).toEqual(
      ['lib/greet.ts', 'plugin.ts', 'settings.json'].map((name) => fixture.folder.file(name)),
    );
    expect(collectable).toBe(true);
  });

  test('waits for top-level await', async () => {
    fixture.folder.write({ 'plugin.ts': "export const late = await Promise.resolve('here');" });
    expect((await fixture.load('plugin.ts')).exports.late).toBe('here');
  });

  test('lowers decorators', async () => {
    fixture.folder.write({
      'plugin.ts': `
        const seen: string[] = [];
        const note = (value: unknown, context: { kind: string; name: string | symbol | undefined }) => { seen.push(\`\${context.kind} \${String(context.name)}\`) };
        @note export class Thing { @note act(): void {} }
        export { seen };`,
    });
    expect((await fixture.load('plugin.ts')).exports.seen).toEqual(['method act', 'class Thing']);
  });

  test('evaluates anew at every load', async () => {
    fixture.folder.write({ 'plugin.ts': 'export const made = {};' });
    const [one, two] = [await fixture.load('plugin.ts'), await fixture.load('plugin.ts')];
    expect(one.exports.made).not.toBe(two.exports.made);
    expect(one.digest).toBe(two.digest);
  });

  test('gives each source file its own import.meta, __dirname and __filename', async () => {
    fixture.folder.write({
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
    const { exports, inputs } = await fixture.load('plugin.ts');
    const fileUrl = (name: string) => `file://${fixture.folder.file(name)}`;
    expect(exports.url).toBe(fileUrl('plugin.ts'));
    expect(exports.deep.url).toBe(fileUrl('a/deep.ts'));
    expect(exports.deep.filename).toBe(fixture.folder.file('a/deep.ts'));
    expect(exports.deep.dirname).toBe(fixture.folder.file('a'));
    expect(exports.deep.resolved).toBe(fileUrl('a/x.js'));
    expect(exports.old).toEqual({
      __dirname: fixture.folder.file('b'),
      __filename: fixture.folder.file('b/old.cjs'),
      kind: 'string',
    });
    expect(readFileSync(exports.data, 'utf8')).toBe('data');
    expect(inputs).toContain(fixture.folder.file('data.bin'));
  });

  test('treats a data file that the code names by URL as an input', async () => {
    fixture.folder.write({
      'plugin.ts': "export const data = new URL('./data.bin', import.meta.url);",
      'data.bin': 'one',
    });
    const before = await fixture.load('plugin.ts');
    fixture.folder.write({ 'data.bin': 'two' });
    expect((await fixture.load('plugin.ts')).digest).not.toBe(before.digest);
  });

  test('imports relative to the file that asks when the name is known at run time only', async () => {
    fixture.folder.write({
      'plugin.ts': "export { fetch } from './a/asker.ts';",
      'a/asker.ts': 'export const fetch = (name: string) => import(name);',
      'a/late.mjs': "export const here = 'a';",
    });
    const { exports } = await fixture.load('plugin.ts');
    expect(await exports.fetch('./late.mjs')).toMatchObject({ here: 'a' });
    expect(await exports.fetch('node:path')).toHaveProperty('join');
    await expect(exports.fetch('no-such-package')).rejects.toThrow(/no-such-package/);
  });

  test('lets an author declare names that the loader works with', async () => {
    fixture.folder.write({
      'plugin.ts': `
        import { createRequire } from 'node:module';
        import { join } from 'node:path';
        const require = createRequire(import.meta.url);
        const __bp = 1, __bp0 = 2, module = 3, exports = 4;
        export const sum = __bp + __bp0 + module + exports;
        export const path = require('node:path').join === join;`,
    });
    expect((await fixture.load('plugin.ts')).exports).toMatchObject({ sum: 10, path: true });
  });

  test('takes a CommonJS entry as Node does', async () => {
    fixture.folder.write({
      'plugin.cjs': "const path = require('path');\nexports.name = 'old';\nexports.join = path.join;",
    });
    const { exports } = await fixture.load('plugin.cjs');
    expect(exports.name).toBe('old');
    expect(exports.default.name).toBe('old');
    fixture.folder.write({
      'compiled.js':
        "Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = 1;\nexports.two = 2;",
    });
    const compiled = (await fixture.load('compiled.js')).exports;
    expect(compiled.default.default).toBe(1);
    expect(compiled.two).toBe(2);
  });
});

test('gives the plugin that a file exports, with the API of the host', async () => {
  fixture.folder.write({
    'plugin.ts': `
      import { PluginBase, type PluginMetadata } from '@backplane/plugin-api';
      export const helper = 1;
      export class Payment extends PluginBase {
        static override readonly metadata: PluginMetadata = { name: 'payment', version: '1.0.0' };
      }`,
  });
  const host = fixture.open({ shared: { '@backplane/plugin-api': () => import('@backplane/plugin-api') } });
  const { exports } = await fixture.load('plugin.ts', host);
  expect(findPlugin(exports)).toMatchObject({ name: 'payment', version: '1.0.0' });
  expect(Object.getPrototypeOf(exports.Payment)).toBe(PluginBase);
  await host.close();
});
describe('many at once', () => {
  test('compiles once for two loads of one entry, and evaluates for each', async () => {
    fixture.folder.write({ 'plugin.ts': 'export const made = {};' });
    const [one, two] = await Promise.all([fixture.load('plugin.ts'), fixture.load('plugin.ts')]);
    expect(one.digest).toBe(two.digest);
    expect(one.exports.made).not.toBe(two.exports.made);
  });

  test('gives a load that was asked for after a change the changed code', async () => {
    fixture.folder.write({ 'plugin.ts': 'export const version = 1;' });
    const first = fixture.load('plugin.ts');
    fixture.folder.write({ 'plugin.ts': 'export const version = 2;' });
    const second = fixture.load('plugin.ts');
    expect((await second).exports.version).toBe(2);
    await first;
  });

  test('goes on with an entry whose load before failed', async () => {
    fixture.folder.write({ 'plugin.ts': 'export const = 1;' });
    const outcomes = await Promise.allSettled([fixture.load('plugin.ts'), fixture.load('plugin.ts')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('compiles more entries than it keeps in mind', async () => {
    const names = Array.from({ length: 36 }, (_, index) => `plugin-${index}.ts`);
    for (const [index, name] of names.entries()) fixture.folder.write({ [name]: `export const index = ${index};` });
    const loaded = await Promise.all(names.map((name) => fixture.load(name)));
    expect(loaded.map(({ exports }) => exports.index)).toEqual(names.map((_, index) => index));
  });
});

test('makes a bundle again whose cache file is broken', async () => {
  fixture.folder.write({ 'plugin.ts': 'export const value = 1;' });
  const { digest } = await fixture.load('plugin.ts');
  const [file = ''] = readdirSync(fixture.cache.path);
  for (const broken of ['', 'not a bundle', readFileSync(fixture.cache.file(file), 'utf8').slice(0, -9)]) {
    fixture.cache.write({ [file]: broken });
    expect(await fixture.load('plugin.ts')).toMatchObject({ digest, exports: { value: 1 } });
  }
});

test('serves one cache folder to loaders with different shared packages', async () => {
  fixture.folder.write({
    'plugin.ts': "export { whose } from 'thing';",
    'node_modules/thing/index.js': "exports.whose = 'own';",
  });
  expect((await fixture.load('plugin.ts')).exports.whose).toBe('own');
  const sharing = fixture.open({ shared: { thing: async () => ({ whose: 'shared' }) } });
  expect((await fixture.load('plugin.ts', sharing)).exports.whose).toBe('shared');
  await sharing.close();
});

test('gives up a plugin whose top-level code never comes to an end, and names it', async () => {
  fixture.folder.write({ 'plugin.ts': 'await new Promise(() => {});', 'other.ts': 'export const fine = true;' });
  const hurried = fixture.open({ evaluationMs: 50 });
  const error = await fixture.refusal('plugin.ts', hurried);
  expect(error.code).toBe('BP_PLUGIN_EVALUATION_TIMEOUT');
  expect(error.message).toContain(fixture.folder.file('plugin.ts'));
  expect((await fixture.load('other.ts', hurried)).exports.fine).toBe(true);
  await hurried.close();
});

test('tells of a plugin that throws what cannot be looked at', async () => {
  fixture.folder.write({
    'plugin.ts':
      "const get = () => { throw new Error('trap'); };\nthrow new Proxy({}, { get, has: get, getPrototypeOf: get });",
  });
  expect((await fixture.refusal('plugin.ts')).code).toBe('BP_PLUGIN_EVALUATION');
});
