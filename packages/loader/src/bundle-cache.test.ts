import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bundle } from './bundle.ts';
import { BundleCache } from './bundle-cache.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

let folder: PluginFolder;

beforeEach(() => {
  folder = new PluginFolder();
});

afterEach(() => folder[Symbol.dispose]());

const bundle: Bundle = {
  entry: '/plugins/one.ts',
  digest: 'd',
  inputs: ['/plugins/one.ts'],
  body: 'first line\nsecond — line\n',
  parameters: [{ name: '__bp_0', gives: 'namespace', specifier: 'node:fs' }],
  imported: [],
  required: [],
  addons: [],
  mentions: [],
};
const kept = { bundle, witnesses: [{ kind: 'absent' as const, path: '/plugins/one.js' }] };

test('gives back what was written, to loaders of the same conditions only', async () => {
  const cache = new BundleCache(folder.path, ['esbuild 1']);
  await cache.write(kept);
  expect(cache.read(bundle.entry)).toEqual(kept);
  expect(new BundleCache(folder.path, ['esbuild 1']).read(bundle.entry)).toEqual(kept);
  expect(new BundleCache(folder.path, ['esbuild 2']).read(bundle.entry)).toBeUndefined();
  expect(cache.read('/plugins/two.ts')).toBeUndefined();
});

test('keeps one file for each entry that only its owner reads', async () => {
  const cache = new BundleCache(folder.file('made'), []);
  await Promise.all([cache.write(kept), cache.write(kept), cache.write(kept)]);
  expect(readdirSync(folder.file('made'))).toHaveLength(1);
  expect(statSync(cache.fileOf(bundle.entry)).mode & 0o777).toBe(0o600);
  expect(statSync(folder.file('made')).mode & 0o777).toBe(0o700);
});

test('takes a file that is cut short or changed for none', async () => {
  const cache = new BundleCache(folder.path, []);
  await cache.write(kept);
  const file = cache.fileOf(bundle.entry);
  const text = readFileSync(file, 'utf8');
  for (const broken of [
    '',
    '{',
    '\n\n',
    text.slice(0, -1),
    `${text};`,
    text.replace('second', 'sekond'),
    'null\n',
    '{}\n',
  ]) {
    writeFileSync(file, broken);
    expect(cache.read(bundle.entry)).toBeUndefined();
  }
});
