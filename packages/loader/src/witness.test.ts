import { rmSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PluginFolder } from './testing/plugin-folder.ts';
import { recheck, recheckAll, witness } from './witness.ts';

let folder: PluginFolder;

beforeEach(() => {
  folder = new PluginFolder({ 'a.ts': 'one', 'sub/b.ts': '' });
});

afterEach(() => folder[Symbol.dispose]());

test('a file is the same until its content changes, whatever its times', () => {
  const then = witness(folder.file('a.ts'));
  expect(recheck(then)).toEqual({ verdict: 'same' });
  utimesSync(folder.file('a.ts'), 1000, 1000);
  expect(recheck(then)).toMatchObject({ verdict: 'touched', now: { modifiedAt: 1_000_000 } });
  folder.write({ 'a.ts': 'two' });
  expect(recheck(then)).toEqual({ verdict: 'changed' });
  rmSync(folder.file('a.ts'));
  expect(recheck(then)).toEqual({ verdict: 'changed' });
});

test('a folder is the same until a name appears that an import could mean', () => {
  const then = witness(folder.file('sub'));
  folder.write({ 'sub/data.db': '', 'sub/.b.ts.swp': '', 'sub/out.log': '' });
  expect(recheck(then).verdict).not.toBe('changed');
  folder.write({ 'sub/c.ts': '' });
  expect(recheck(then)).toEqual({ verdict: 'changed' });
});

test('an absence ends when something is there', () => {
  const then = witness(folder.file('a.js'));
  expect(recheck(then)).toEqual({ verdict: 'same' });
  folder.write({ 'a.js': '' });
  expect(recheck(then)).toEqual({ verdict: 'changed' });
});

test('tells apart a change that size and modification time hide', () => {
  utimesSync(folder.file('a.ts'), 1000, 1000);
  const then = [witness(folder.file('a.ts')), witness(folder.file('sub'))];
  expect(recheckAll(then)).toEqual({ state: 'same' });
  folder.write({ 'a.ts': 'three' });
  expect(recheckAll(then)).toEqual({ state: 'changed', hidden: false });
  folder.write({ 'a.ts': 'two' });
  utimesSync(folder.file('a.ts'), 1000, 1000);
  expect(recheckAll(then)).toEqual({ state: 'changed', hidden: true });
});
