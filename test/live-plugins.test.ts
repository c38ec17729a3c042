import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LiveChange } from '@backplane/runtime';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it, vi } from 'vitest';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

const plugin = (name: string, version: string, more = '') => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '${version}',
  config: { text: { type: 'string', default: 'plain' } },
  ${more}
  initialize({ http, config }) {
    http.routes((app) => { app.get('/', async () => ({ version: '${version}', text: config.text })); });
  },
});
`;

interface Live extends TestHost {
  readonly changes: LiveChange[];
  write(files: PluginFiles): Promise<void>;
  /** The next change of a plugin that has not been asked for yet. */
  next(name: string): Promise<LiveChange>;
  get(path: string): Promise<unknown>;
}

async function live(files: PluginFiles, isolation: Record<string, 'process'> = {}): Promise<Live> {
  const changes: LiveChange[] = [];
  const test = await createTestHost({
    watch: true,
    onLive: (change) => changes.push(change),
    isolation,
    prepare: (folder) => writePlugins(folder, files),
  });
  return Object.assign(test, {
    changes,
    write: (more: PluginFiles) => writePlugins(test.folder, more),
    next: (name: string) =>
      vi.waitFor(
        () => {
          const index = changes.findIndex(({ plugin: of }) => of === name);
          if (index === -1) throw new Error(`Nothing became of ${name} yet. ${test.log.join('\n')}`);
          return changes.splice(index, 1)[0] as LiveChange;
        },
        { timeout: 15_000, interval: 5 },
      ),
    get: async (path: string) => (await fetch(test.url + path)).json(),
  });
}

describe.each(['inline', 'process'] as const)('a saved file, at level %s', (level) => {
  it('is live, and the neighbour is left alone', async () => {
    const isolation: Record<string, 'process'> = level === 'process' ? { hello: 'process' } : {};
    await using test = await live(
      { 'plugins/hello.ts': plugin('hello', '1.0.0'), 'plugins/other.ts': plugin('other', '1.0.0') },
      isolation,
    );
    await test.write({ 'plugins/hello.ts': plugin('hello', '1.1.0') });
    expect(await test.next('hello')).toMatchObject({ outcome: 'applied', fromVersion: '1.0.0', toVersion: '1.1.0' });
    expect(await test.get('/hello')).toMatchObject({ version: '1.1.0' });
    expect(test.changes).toEqual([]);
    expect(test.host.status().find(({ name }) => name === 'other')?.instance).toBe(1);
  });
});

describe('files of plugins', () => {
  it('that are imported, also from outside of the plugin folder, reload whoever imports them', async () => {
    await using test = await live({
      'shared/word.ts': `export const word = 'one';`,
      'plugins/talker/plugin.ts': `
        import { definePlugin } from '@backplane/plugin-api';
        import { word } from './words/word.ts';
        import { word as far } from '../../shared/word.ts';
        export default definePlugin({ name: 'talker', version: '1.0.0', initialize({ http }) {
          http.routes((app) => { app.get('/', async () => ({ word, far })); });
        } });`,
      'plugins/talker/words/word.ts': `export const word = 'near';`,
    });
    await test.write({ 'plugins/talker/words/word.ts': `export const word = 'nearer';` });
    await test.next('talker');
    await test.write({ 'shared/word.ts': `export const word = 'two';` });
    await test.next('talker');
    expect(await test.get('/talker')).toEqual({ word: 'nearer', far: 'two' });
    await test.write({ 'plugins/talker/README.md': 'Nobody imports this.' });
    await test.write({ 'plugins/talker/words/word.ts': `export const word = 'nearest';` });
    await test.next('talker');
    expect(test.changes).toEqual([]);
  });

  it('that are broken leave the old version serving, say where, and are live once mended', async () => {
    await using test = await live({ 'plugins/hello.ts': plugin('hello', '1.0.0') });
    await test.write({ 'plugins/hello.ts': plugin('hello', '1.1.0').replace('http.routes(', 'http.routes((') });
    const broken = await test.next('hello');
    expect(broken).toMatchObject({ action: 'refuse', outcome: 'returned' });
    expect(broken.problem).toMatch(/hello\.ts:9:\d+/);
    expect(broken.frame).toMatch(/>\s+9 \| {5}http\.routes\(\(/);
    expect(await test.get('/hello')).toMatchObject({ version: '1.0.0' });
    await test.write({
      'plugins/hello.ts': plugin('hello', '1.2.0').replace(
        'http.routes',
        'if (config) throw new Error("Not today.");\n    http.routes',
      ),
    });
    const threw = await test.next('hello');
    expect(threw).toMatchObject({
      action: 'replace',
      outcome: 'returned',
      problem: expect.stringContaining('Not today.'),
    });
    await test.write({ 'plugins/hello.ts': plugin('hello', '1.3.0') });
    expect(await test.next('hello')).toMatchObject({ outcome: 'applied', toVersion: '1.3.0' });
  });

  it('that an editor moves into place, and many at once, are one change', async () => {
    await using test = await live(
      Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`plugins/p${n}.ts`, plugin(`p${n}`, '1.0.0')])),
    );
    const generation = test.host.control.generation();
    const beside = join(test.folder, 'plugins', '.p0.ts.swp');
    await writeFile(beside, plugin('p0', '2.0.0'));
    await rename(beside, join(test.folder, 'plugins/p0.ts'));
    await test.write(
      Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`plugins/p${n + 1}.ts`, plugin(`p${n + 1}`, '2.0.0')])),
    );
    for (let n = 0; n < 20; n++) expect(await test.next(`p${n}`)).toMatchObject({ toVersion: '2.0.0' });
    expect(test.host.control.generation()).toBeLessThan(generation + 6);
  });
});

describe('folders of plugins', () => {
  it('come and go', async () => {
    await using test = await live({ 'plugins/hello.ts': plugin('hello', '1.0.0') });
    await test.write({ 'plugins/new/src/plugin.ts': plugin('new', '1.0.0') });
    expect(await test.next('new')).toMatchObject({ action: 'add', outcome: 'applied' });
    expect(await test.get('/new')).toMatchObject({ version: '1.0.0' });
    await rm(join(test.folder, 'plugins/new'), { recursive: true });
    expect(await test.next('new')).toMatchObject({ action: 'remove', outcome: 'applied' });
    expect(await test.get('/new')).toMatchObject({ status: 404 });
    await rename(join(test.folder, 'plugins/hello.ts'), join(test.folder, 'plugins/hello.mts'));
    expect(await test.get('/hello')).toMatchObject({ version: '1.0.0' });
  });

  it('that are taken from those who depend on them stop those with the reason, until they are back', async () => {
    await using test = await live({
      'plugins/base.ts': plugin('base', '1.0.0'),
      'plugins/top.ts': plugin('top', '1.0.0', `dependencies: ['base'],`),
    });
    await rm(join(test.folder, 'plugins/base.ts'));
    await test.next('base');
    const state = () => test.host.status().find(({ name }) => name === 'top')?.state.phase;
    expect(state()).not.toBe('running');
    await test.write({ 'plugins/base.ts': plugin('base', '1.0.1') });
    await vi.waitFor(() => expect(state()).toBe('running'), { timeout: 10_000 });
  });
});

describe('two plugins of one name', () => {
  const state = (test: Live, name: string) => test.host.status().find((status) => status.name === name)?.state.phase;
  const running = (test: Live, name: string) =>
    vi.waitFor(() => expect(state(test, name)).toBe('running'), { timeout: 10_000 });

  it('leave the first serving when the second goes, or calls itself something else', async () => {
    await using test = await live({ 'plugins/books.ts': plugin('books', '1.0.0') });
    for (const mend of ['remove', 'rename']) {
      await test.write({ 'plugins/copy.ts': plugin('books', '2.0.0') });
      expect(await test.next('books')).toMatchObject({ action: 'refuse', outcome: 'returned' });
      if (mend === 'remove') await rm(join(test.folder, 'plugins/copy.ts'));
      else await test.write({ 'plugins/copy.ts': plugin('copies', '2.0.0') });
      expect(await test.next('books')).toMatchObject({ action: 'keep', outcome: 'applied', toVersion: '1.0.0' });
      expect(await test.get('/books')).toMatchObject({ version: '1.0.0' });
    }
    expect(await test.next('copies')).toMatchObject({ action: 'add', outcome: 'applied' });
  });

  it('let the second take over when the first goes, wherever it lies', async () => {
    await using test = await live({ 'plugins/books.ts': plugin('books', '1.0.0') });
    await test.write({ 'plugins/other/plugin.ts': plugin('books', '2.0.0') });
    await test.next('books');
    await rm(join(test.folder, 'plugins/books.ts'));
    expect(await test.next('books')).toMatchObject({ outcome: 'applied', toVersion: '2.0.0' });
    expect(await test.get('/books')).toMatchObject({ version: '2.0.0' });
  });

  it('are both gone when both files are', async () => {
    await using test = await live({ 'plugins/books/plugin.ts': plugin('books', '1.0.0') });
    await test.write({ 'plugins/books.ts': plugin('books', '2.0.0') });
    await test.next('books');
    await Promise.all([
      rm(join(test.folder, 'plugins/books.ts')),
      rm(join(test.folder, 'plugins/books'), { recursive: true }),
    ]);
    await vi.waitFor(() => expect(state(test, 'books')).toBeUndefined(), { timeout: 10_000 });
    await test.write({ 'plugins/books.ts': plugin('books', '3.0.0') });
    await running(test, 'books');
  });
});

describe('a plugin that is refused before it is read', () => {
  it('is no longer there when its folder is gone', async () => {
    await using test = await live({ 'plugins/hello.ts': plugin('hello', '1.0.0') });
    await test.write({ 'plugins/odd/plugin.yaml': 'nam: odd', 'plugins/odd/plugin.ts': 'x' });
    expect(await test.next('odd')).toMatchObject({ action: 'refuse', outcome: 'failed' });
    await rm(join(test.folder, 'plugins/odd'), { recursive: true });
    await vi.waitFor(() => expect(test.host.status().map(({ name }) => name)).toEqual(['hello']), { timeout: 10_000 });
    // Of this one not even the name is known.
    await test.write({ 'plugins/torn/package.json': '{ "backplane": ' });
    expect(await test.next('torn')).toMatchObject({ action: 'refuse', outcome: 'failed' });
    await rm(join(test.folder, 'plugins/torn'), { recursive: true });
    await vi.waitFor(() => expect(test.host.status().map(({ name }) => name)).toEqual(['hello']), { timeout: 10_000 });
  });
});

describe('a mistake that is undone', () => {
  it.each(['inline', 'process'] as const)('is told as mended, at level %s', async (level) => {
    await using test = await live(
      { 'plugins/hello.ts': plugin('hello', '1.0.0') },
      level === 'process' ? { hello: level } : {},
    );
    for (const wrong of ['(((', 'throw new Error("Not today.");']) {
      await test.write({ 'plugins/hello.ts': plugin('hello', '1.0.0') + wrong });
      expect(await test.next('hello')).toMatchObject({ outcome: 'returned' });
      await test.write({ 'plugins/hello.ts': plugin('hello', '1.0.0') });
      expect(await test.next('hello')).toMatchObject({ action: 'keep', outcome: 'applied', toVersion: '1.0.0' });
      expect(test.host.status()[0]?.lastChange).toMatchObject({ outcome: 'applied' });
    }
  });
});

describe('configuration', () => {
  it('reaches its plugin as it is saved, also in a folder that comes later, and is refused whole where it is wrong', async () => {
    await using test = await live({ 'plugins/hello.ts': plugin('hello', '1.0.0') });
    const file = join(test.folder, 'config/plugins/hello.yaml');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'default:\n  text: configured\n');
    await test.next('hello');
    expect(await test.get('/hello')).toEqual({ version: '1.0.0', text: 'configured' });
    await writeFile(file, 'default:\n  text: [1, 2]\n');
    const refused = await test.next('hello');
    expect(refused).toMatchObject({ outcome: 'returned' });
    expect(refused.problem).toMatch(/hello\.yaml:2:\d+/);
    expect(await test.get('/hello')).toMatchObject({ text: 'configured' });
    await writeFile(file, 'default:\n  enabled: false\n');
    expect(await test.next('hello')).toMatchObject({ action: 'remove' });
    await rm(file);
    expect(await test.next('hello')).toMatchObject({ action: 'add' });
  });

  it('in the host’s own file is live, for whom it is meant and nobody else', async () => {
    await using test = await live({
      'plugins/hello.ts': plugin('hello', '1.0.0'),
      'plugins/other.ts': plugin('other', '1.0.0'),
      'config/base.yaml': 'plugins: {}\n',
    });
    const others = () => test.host.control.pluginStatus('other').instance;
    const before = others();
    await test.write({ 'config/base.yaml': 'plugins:\n  hello:\n    text: shared\n' });
    await test.next('hello');
    expect(await test.get('/hello')).toEqual({ version: '1.0.0', text: 'shared' });
    expect(others()).toBe(before);
  });

  it('in a manifest is live, too', async () => {
    await using test = await live({
      'plugins/hello/plugin.ts': plugin('hello', '1.0.0'),
      'plugins/hello/plugin.yaml': `name: hello\nversion: '1.0.0'\n`,
    });
    await test.write({ 'plugins/hello/plugin.yaml': `name: hello\nversion: '1.0.0'\ndescription: Says hello.\n` });
    await test.next('hello');
    expect(test.host.status()[0]?.description).toBe('Says hello.');
  });
});
