import { readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { PluginFolder } from './testing/plugin-folder.ts';
import { useLoader } from './testing/use-loader.ts';

const fixture = useLoader();

describe('own packages', () => {
  beforeEach(() => {
    fixture.folder.write({
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
    const { exports, inputs } = await fixture.load('plugin.ts');
    expect(exports).toMatchObject({ version: 1, files: ['main.js', 'package.json'], modern: 'modern 1' });
    expect(inputs).toContain(fixture.folder.file('node_modules/old/main.js'));
  });

  test('runs the new code of a changed package under another digest', async () => {
    const before = await fixture.load('plugin.ts');
    fixture.folder.write({ 'node_modules/modern/main.js': "export default 'modern 2';" });
    const after = await fixture.load('plugin.ts');
    expect(after.exports.modern).toBe('modern 2');
    expect(after.digest).not.toBe(before.digest);
    expect(before.exports.modern).toBe('modern 1');
  });

  test('notices a change that keeps size and modification time', async () => {
    const file = fixture.folder.file('node_modules/modern/main.js');
    // Package managers give every file the same time.
    utimesSync(file, 499_162_500, 499_162_500);
    await fixture.load('plugin.ts');
    writeFileSync(file, "export default 'modern 3';");
    utimesSync(file, 499_162_500, 499_162_500);
    expect((await fixture.load('plugin.ts')).exports.modern).toBe('modern 3');
  });

  test('gives the same digest to the same files in another place', async () => {
    const here = await fixture.load('plugin.ts');
    using elsewhere = new PluginFolder();
    for (const name of ['plugin.ts', 'node_modules/old/package.json', 'node_modules/old/main.js'])
      elsewhere.write({ [name]: readFileSync(fixture.folder.file(name), 'utf8') });
    for (const name of ['node_modules/modern/package.json', 'node_modules/modern/main.js'])
      elsewhere.write({ [name]: readFileSync(fixture.folder.file(name), 'utf8') });
    // The listing of its own folder is no input.
    expect((await fixture.loader.load(elsewhere.file('plugin.ts'))).digest).toBe(here.digest);
  });

  test('takes a package that is put nearer than the one it had', async () => {
    fixture.folder.write({
      'sub/plugin.ts': "export { default } from 'modern';",
    });
    expect((await fixture.load('sub/plugin.ts')).exports.default).toBe('modern 1');
    fixture.folder.write({ 'sub/node_modules/modern/index.js': "export default 'nearer';" });
    expect((await fixture.load('sub/plugin.ts')).exports.default).toBe('nearer');
  });

  test('takes a file that is put before the one it had', async () => {
    fixture.folder.write({
      'plugin.ts': "export { which } from './part';",
      'part.js': "export const which = 'js';",
    });
    expect((await fixture.load('plugin.ts')).exports.which).toBe('js');
    fixture.folder.write({ 'part.ts': "export const which = 'ts';" });
    expect((await fixture.load('plugin.ts')).exports.which).toBe('ts');
  });

  test('does without an optional package, and takes it when it has been installed', async () => {
    const optional = "let found = 'none'; try { found = require('optional') } catch {}\nexports.found = found;";
    fixture.folder.write({ 'plugin.ts': "export { found } from 'old';", 'node_modules/old/main.js': optional });
    expect((await fixture.load('plugin.ts')).exports.found).toBe('none');
    fixture.folder.write({ 'node_modules/optional/index.js': "module.exports = 'installed';" });
    expect((await fixture.load('plugin.ts')).exports.found).toBe('installed');
  });

  test('takes the package that a link leads to now', async () => {
    for (const version of ['1', '2'])
      fixture.folder.write({
        [`store/v${version}/index.mjs`]: `export default ${version};`,
        [`store/v${version}/package.json`]: '{ "main": "index.mjs" }',
      });
    fixture.folder.write({ 'plugin.ts': "export { default } from 'linked';" });
    const link = fixture.folder.file('node_modules/linked');
    symlinkSync(fixture.folder.file('store/v1'), link);
    expect((await fixture.load('plugin.ts')).exports.default).toBe(1);
    rmSync(link);
    symlinkSync(fixture.folder.file('store/v2'), link);
    expect((await fixture.load('plugin.ts')).exports.default).toBe(2);
  });
});
