import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLoader, type Loader } from './loader.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

let folder: PluginFolder;
let loader: Loader;

const HOST = `
  export let now = 'first';
  export const change = (value) => { now = value; };
  export default function named() { return this === undefined ? now : 'called as a method'; }
  export class Base { kind() { return 'base'; } }
  export const tag = (strings) => strings[0] + now;
  export { now as 'a name', now as then_ };
`;

beforeEach(() => {
  folder = new PluginFolder({ 'host.mjs': HOST });
  loader = createLoader({
    cacheDir: folder.file('.cache'),
    shared: {
      '@host/thing': () => import(pathToFileURL(folder.file('host.mjs')).href),
      '@host/thing/listed': async () => ({ listed: true }),
      '@host/broken': () => Promise.reject(new Error('not installed')),
    },
  });
});

afterEach(async () => {
  await loader.close();
  folder[Symbol.dispose]();
});

async function load(text: string, name = 'plugin.ts') {
  folder.write({ [name]: text });
  // biome-ignore lint/suspicious/noExplicitAny: exports of code that is made here as text
  return (await loader.load(folder.file(name))).exports as any;
}

test('every way to read a shared export sees it change', async () => {
  const exports = await load(`
    import named, * as all from '@host/thing';
    import { now, now as renamed, change, Base, tag, 'a name' as odd } from '@host/thing';
    export { now as again, 'a name' as oddAgain } from '@host/thing';
    export * as whole from '@host/thing';
    export { change };
    class Derived extends Base {}
    const shadow = (now: string) => now + typeof now;
    export const read = () => ({
      plain: now, renamed, star: all.now, called: named(), shorthand: { now }.now, tagged: tag\`it is \`, odd,
      template: \`\${now}\`, shadowed: shadow('own '), type: typeof now, derived: new Derived().kind(), member: { now: 1 }.now,
    });`);
  const expected = (now: string) => ({
    plain: now,
    renamed: now,
    star: now,
    called: now,
    shorthand: now,
    tagged: `it is ${now}`,
    odd: now,
    template: now,
    shadowed: 'own string',
    type: 'string',
    derived: 'base',
    member: 1,
  });
  expect(exports.read()).toEqual(expected('first'));
  exports.change('second');
  expect(exports.read()).toEqual(expected('second'));
  expect(exports).toMatchObject({ again: 'second', oddAgain: 'second', whole: { now: 'second' } });
});

test('exports everything a shared package exports where the plugin says so', async () => {
  const exports = await load("export * from '@host/thing';\nexport const tag = 'own';");
  expect(Object.keys(exports)).toEqual(['Base', 'a name', 'change', 'now', 'tag', 'then_']);
  expect(exports.tag).toBe('own');
  exports.change('third');
  expect(exports.now).toBe('third');
});

test('exports what own files pass on from a shared package, imported at once or later', async () => {
  folder.write({
    'all.ts': "export * from '@host/thing';\nexport const own = 1;",
    'more.ts': "export * from './all.ts';",
  });
  const exports = await load("export * from './more.ts';\nexport const late = await import('./all.ts');");
  expect(Object.keys(exports)).toEqual(['Base', 'a name', 'change', 'late', 'now', 'own', 'tag', 'then_']);
  exports.change('later');
  expect([exports.now, exports.late.now]).toEqual(['later', 'later']);
});

test('gives the copy of the host to import() and require alike', async () => {
  folder.write({ 'old.cjs': "exports.required = require('@host/thing');" });
  const exports = await load(`
    import old from './old.cjs';
    import * as all from '@host/thing';
    const name = ['@host', 'thing'].join('/');
    export const same = [old.required === all, (await import('@host/thing')) === all, (await import(name)) === all];`);
  expect(exports.same).toEqual([true, true, true]);
});

test('shares a subpath only where it is listed', async () => {
  expect(await load("export * from '@host/thing/listed';")).toHaveProperty('listed', true);
  await expect(load("export * from '@host/thing/hidden';")).rejects.toMatchObject({
    code: 'BP_PLUGIN_IMPORT_NOT_FOUND',
  });
});

test('reports a shared package that the host itself cannot import', async () => {
  await expect(load("import '@host/broken';")).rejects.toMatchObject({ code: 'BP_SHARED_UNAVAILABLE' });
  const lazy = await load("export const later = () => import('@host/broken');");
  await expect(lazy.later()).rejects.toMatchObject({ code: 'BP_SHARED_UNAVAILABLE' });
});

test('shares every builtin of Node', async () => {
  const exports = await load(
    "import { join } from 'path';\nimport fs from 'node:fs';\nexport * from 'node:util/types';\nexport default [typeof join, typeof fs.statSync];",
  );
  expect(exports.default).toEqual(['function', 'function']);
  expect(exports.isDate(new Date())).toBe(true);
});
