import { copyFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PluginFolder, runScript } from './testing/plugin-folder.ts';

// What holds for a process as a whole (stack traces, what is imported, how it ends) is seen from a process of its own.

vi.setConfig({ testTimeout: 30_000 });

let folder: PluginFolder;

beforeEach(() => {
  folder = new PluginFolder();
});

afterEach(() => folder[Symbol.dispose]());

const FAILING =
  "import { join } from 'node:path';\nexport type Unused = string;\nexport function fail(): never {\n  throw new Error(join('a', 'b'));\n}\n";

const STACKS = `
  import { readFileSync, writeFileSync } from 'node:fs';
  loading.enableSourceMaps();
  const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {} });
  const stackOf = async () => {
    const { exports } = await loader.load(folder + '/plugin.ts');
    try { exports.fail() } catch (error) { return error.stack.split('\\n')[1].trim() }
  };
  const before = await stackOf();
  writeFileSync(folder + '/deep/fail.ts', '// moved\\n\\n' + readFileSync(folder + '/deep/fail.ts', 'utf8'));
  report([before, await stackOf()]);
  await loader.close();`;

describe('stack traces', () => {
  beforeEach(() => {
    folder.write({ 'plugin.ts': "export * from './deep/fail.ts';", 'deep/fail.ts': FAILING });
  });

  const places = (file: string) => [expect.stringContaining(`${file}:4:9)`), expect.stringContaining(`${file}:6:9)`)];

  test('name the line of the TypeScript source, also after a reload that moved it', async () => {
    expect(await runScript(folder, STACKS)).toEqual(places(folder.file('deep/fail.ts')));
  });

  test('do so where code generation from strings is refused', async () => {
    const flags = ['--disallow-code-generation-from-strings'];
    expect(await runScript(folder, STACKS, { flags })).toEqual(places(folder.file('deep/fail.ts')));
  });
});

test('reloads where code generation from strings is refused, and says that nothing is collected', async () => {
  folder.write({
    'plugin.ts': "import { n } from './n.ts';\nexport const now = { n };",
    'n.ts': 'export const n = 1;',
  });
  const script = `
    import { writeFileSync } from 'node:fs';
    const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {} });
    const one = await loader.load(folder + '/plugin.ts');
    const again = await loader.load(folder + '/plugin.ts');
    writeFileSync(folder + '/n.ts', 'export const n = 2;');
    const two = await loader.load(folder + '/plugin.ts');
    await loader.close();
    report([one.exports.now.n, two.exports.now.n, one.collectable, one.exports.now === again.exports.now]);`;
  const flags = ['--disallow-code-generation-from-strings'];
  expect(await runScript(folder, script, { flags })).toEqual([1, 2, false, false]);
  expect(readdirSync(folder.file('.cache'))).toHaveLength(1);
});

describe('the cache', () => {
  const LOAD = `
    import { createRequire } from 'node:module';
    const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {} });
    const { exports, digest } = await loader.load(folder + '/plugin.ts');
    const seen = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('/esbuild/lib/'));
    report({ value: exports.value, digest, compilers: seen.length });`;
  const NO_COMPILER = { environment: { ESBUILD_BINARY_PATH: '/nowhere/esbuild' } };

  test('serves a later start without the compiler, also when every file was copied or touched', async () => {
    folder.write({ 'plugin.ts': "export { value } from './value.ts';", 'value.ts': 'export const value = 7;' });
    const first = await runScript(folder, LOAD);
    expect(first).toMatchObject({ value: 7, compilers: 1 });
    expect(await runScript(folder, LOAD, NO_COMPILER)).toEqual({ ...(first as object), compilers: 0 });
    folder.write({ 'plugin.ts': "export { value } from './value.ts';", 'value.ts': 'export const value = 7;' });
    expect(await runScript(folder, LOAD, NO_COMPILER)).toEqual({ ...(first as object), compilers: 0 });
  });

  test('lets the process end by itself, without a close', async () => {
    folder.write({ 'plugin.ts': 'export const value = 1;' });
    expect(await runScript(folder, LOAD)).toMatchObject({ value: 1 });
  });
});

describe('native add-ons', () => {
  const LOAD = `
    import { appendFileSync } from 'node:fs';
    const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {} });
    const load = () => loader.load(folder + '/plugin.ts');
    const { exports: { kind }, inputs } = await load();
    const again = (await load()).exports.kind;
    appendFileSync(folder + '/node_modules/fast/prebuilt/fast.node', 'x');
    const changed = await load().catch((error) => error.code);
    report({ kind, again, changed, listed: inputs.some((file) => file.endsWith('fast.node')) });
    await loader.close();`;

  beforeEach(() => {
    folder.write({
      'plugin.ts': "import fast from 'fast';\nexport const kind = typeof fast;",
      'node_modules/fast/package.json': '{ "name": "fast", "main": "index.js" }',
      'node_modules/fast/prebuilt/x.txt': '',
    });
    copyFileSync(anyAddon(), folder.file('node_modules/fast/prebuilt/fast.node'));
  });

  test('are loaded once and refused when their file has changed', async () => {
    folder.write({ 'node_modules/fast/index.js': "module.exports = require('./prebuilt/fast.node');" });
    expect(await runScript(folder, LOAD)).toEqual({
      kind: 'object',
      again: 'object',
      changed: 'BP_NATIVE_ADDON_CHANGED',
      listed: true,
    });
  });

  test('are found by code that computes their path', async () => {
    folder.write({
      'node_modules/fast/index.js': `
        const runtimeRequire = typeof __webpack_require__ === 'function' ? __non_webpack_require__ : require;
        const path = require('path');
        module.exports = runtimeRequire(path.join(__dirname, 'prebuilt', ['fast', 'node'].join('.')));`,
    });
    expect(await runScript(folder, LOAD)).toEqual({
      kind: 'object',
      again: 'object',
      changed: 'BP_NATIVE_ADDON_CHANGED',
      listed: false,
    });
  });
});

/** One that some development dependency brought for this machine. */
function anyAddon(): string {
  const require = createRequire(import.meta.resolve('vitest'));
  const modules = join(dirname(require.resolve('vite/package.json')), '..');
  const name = `binding-${process.platform}-${process.arch}`;
  const scope = join(modules, '@rolldown');
  const found = readdirSync(scope).filter((one) => one.startsWith(name));
  for (const folder of found)
    for (const file of readdirSync(join(scope, folder))) if (file.endsWith('.node')) return join(scope, folder, file);
  throw new Error('No native add-on is installed for this machine');
}

describe('native mode', () => {
  const LOAD = `
    import { writeFileSync } from 'node:fs';
    const loader = loading.createLoader({ cacheDir: folder + '/.cache', shared: {}, mode: 'native' });
    const codeOf = (name) => loader.load(folder + '/' + name).then(() => 'loaded', ({ code, details }) => [code, details.problems?.[0].line ?? details.at?.line]);
    const one = await loader.load(folder + '/plugin.ts');
    writeFileSync(folder + '/plugin.ts', 'export const version: number = 2; export const url = import.meta.url;');
    const two = await loader.load(folder + '/plugin.ts');
    const refused = [await codeOf('syntax.ts'), await codeOf('missing.ts'), await codeOf('export.ts'), await codeOf('throws.ts')];
    report({ versions: [one.exports.version, two.exports.version], url: one.exports.url, collectable: two.collectable, refused, other: one.digest !== two.digest });
    await loader.close();`;

  test('imports the files themselves, and the entry again when it has changed', async () => {
    folder.write({
      'plugin.ts': 'export const version: number = 1; export const url = import.meta.url;',
      'syntax.ts': 'const ok = 1;\nexport const = 2;',
      'missing.ts': "import 'no-such-package';",
      'export.ts': "import { nowhere } from 'node:os';\nnowhere();",
      'throws.ts': "\n\nthrow new Error('no');",
    });
    expect(await runScript(folder, LOAD)).toEqual({
      versions: [1, 2],
      url: `file://${folder.file('plugin.ts')}`,
      collectable: false,
      other: true,
      refused: [
        ['BP_PLUGIN_SYNTAX', 2],
        ['BP_PLUGIN_IMPORT_NOT_FOUND', null],
        ['BP_PLUGIN_IMPORT_NOT_FOUND', 1],
        ['BP_PLUGIN_EVALUATION', 3],
      ],
    });
  });
});
