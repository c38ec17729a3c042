import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stageFolder } from './stage-folder.ts';

let base: string;
let source: string;
let into: string;
const refused = expect.objectContaining({ code: 'BP_INSTALL_REFUSED' });

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'backplane-stage-')));
  [source, into] = [join(base, 'orders'), join(base, 'installed')];
  mkdirSync(join(source, 'lib'), { recursive: true });
  mkdirSync(join(source, '.git'));
  writeFileSync(join(source, 'plugin.yaml'), 'name: orders');
  writeFileSync(join(source, 'lib/main.js'), 'export default 1;');
  writeFileSync(join(source, '.git/config'), '');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

it('copies a folder under a name that its content gives it, once', async () => {
  const first = await stageFolder(source, into);
  expect(readdirSync(into)).toEqual([first.folder]);
  const copy = join(into, first.folder, 'orders');
  expect(readdirSync(copy, { recursive: true }).sort()).toEqual(['lib', 'lib/main.js', 'plugin.yaml']);
  expect(readFileSync(join(copy, 'lib/main.js'), 'utf8')).toBe('export default 1;');
  const again = await stageFolder(source, into);
  expect(again.digest).toBe(first.digest);
  await again.discard();
  expect(readdirSync(into)).toEqual([first.folder]);
  writeFileSync(join(source, 'lib/main.js'), 'export default 2;');
  const changed = await stageFolder(source, into);
  expect(changed.folder).not.toBe(first.folder);
  await changed.discard();
  expect(readdirSync(into)).toEqual([first.folder]);
});

it.each([
  ['a relative path', () => 'orders'],
  ['what is not there', () => join(base, 'nowhere')],
  ['a file', () => join(source, 'plugin.yaml')],
  ['a folder that would hold its own copies', () => base],
  [
    'an empty folder',
    () => {
      mkdirSync(join(base, 'empty'));
      return join(base, 'empty');
    },
  ],
  [
    'a link in it, wherever it leads',
    () => {
      symlinkSync(join(source, 'plugin.yaml'), join(source, 'link'));
      return source;
    },
  ],
])('refuses %s, and leaves nothing behind', async (_what, make) => {
  mkdirSync(into);
  await expect(stageFolder(make(), into)).rejects.toEqual(refused);
  expect(readdirSync(into)).toEqual([]);
});
