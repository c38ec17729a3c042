import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { discoverModule } from './discover-module.ts';

let base: string;
let plugins: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'backplane-module-')));
  plugins = join(base, 'plugins');
  for (const file of ['plugins/my_custom_plugin.ts', 'plugins/pay/card.js', 'plugins/pay/plugin.ts', 'outside/x.ts']) {
    mkdirSync(dirname(join(base, file)), { recursive: true });
    writeFileSync(join(base, file), '');
  }
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const find = (modulePath: string, entryPoint = 'MyPlugin') =>
  discoverModule([join(base, 'missing'), plugins], { name: 'mine', modulePath, entryPoint });

it.each([
  ['plugins.my_custom_plugin', 'my_custom_plugin.ts'],
  ['my_custom_plugin', 'my_custom_plugin.ts'],
  ['my_custom_plugin.ts', 'my_custom_plugin.ts'],
  ['plugins/my_custom_plugin', 'my_custom_plugin.ts'],
  ['./pay/card.js', 'pay/card.js'],
  ['pay.card', 'pay/card.js'],
  ['plugins.pay', 'pay/plugin.ts'],
])('finds the module %s', (path, file) => {
  expect(find(path)).toEqual({
    candidates: [
      {
        name: 'mine',
        nameFrom: 'package',
        origin: path,
        root: plugins,
        entry: join(plugins, file),
        exportName: 'MyPlugin',
      },
    ],
    problems: [],
  });
});

it.each([
  ['../outside/x', 'BP_DISCOVERY_OUTSIDE'],
  ['plugins/../../outside/x.ts', 'BP_DISCOVERY_OUTSIDE'],
  ['/etc/passwd', 'BP_DISCOVERY_OUTSIDE'],
  ['', 'BP_DISCOVERY_OUTSIDE'],
  ['a\0b', 'BP_DISCOVERY_OUTSIDE'],
  ['nowhere.at.all', 'BP_DISCOVERY_ENTRY_MISSING'],
])('refuses the module "%s"', (path, code) => {
  expect(find(path)).toMatchObject({ candidates: [], problems: [{ code, plugin: 'mine' }] });
});

it('refuses what a link leads to outside of the plugin folders, and an export that is none', () => {
  symlinkSync(join(base, 'outside'), join(plugins, 'led'));
  symlinkSync(join(base, 'outside/x.ts'), join(plugins, 'file.ts'));
  for (const path of ['led', 'led.x', 'file'])
    expect(find(path).problems).toMatchObject([{ code: expect.stringMatching(/OUTSIDE|MISSING/) }]);
  expect(find('my_custom_plugin', 'no export').problems).toMatchObject([{ code: 'BP_DISCOVERY_ENTRY_INVALID' }]);
});
