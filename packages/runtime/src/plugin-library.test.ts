import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createConfigSource } from '@backplane/config';
import { createDirectoryDiscoverer } from '@backplane/discovery';
import type { Loader } from '@backplane/loader';
import { definePlugin } from '@backplane/plugin-api';
import { ManualClock } from '@backplane/testing';
import { expect, it } from 'vitest';
import { PluginLibrary } from './plugin-library.ts';
import { PluginReader } from './plugin-reader.ts';
import { RegisteredPlugins } from './registered-plugins.ts';

it('refuses a plugin whose loading fails in an unforeseen way, names one that takes long, and loads the others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-library-'));
  for (const name of ['good.ts', 'odd.ts', 'slow.ts']) writeFileSync(join(folder, name), '');
  const loader: Loader = {
    async load(entry) {
      if (basename(entry) === 'slow.ts') await clock.advance(6000);
      if (basename(entry) === 'odd.ts') throw new TypeError('The compiler stumbled.');
      const good = definePlugin({ name: basename(entry, '.ts'), version: '1.0.0', initialize() {} });
      return { exports: { default: good }, digest: '1', inputs: [entry], collectable: true, ledger: undefined };
    },
    prepare: async () => '1',
    async close() {},
  };
  const configs = createConfigSource({ configDir: folder, environment: 'test' });
  const isolate = () => Promise.reject(new Error('not asked'));
  const told: string[] = [];
  const clock = new ManualClock();
  const library = new PluginLibrary({
    discoverer: createDirectoryDiscoverer({ paths: [folder] }),
    folders: createDirectoryDiscoverer({ paths: [folder] }),
    registered: new RegisteredPlugins(),
    configs,
    reader: new PluginReader({ loader, configs, isolation: {}, isolate, inUse: () => false, onHeld: () => {} }),
    wantedCode: async () => ({ candidates: [], problems: [] }),
    configFolder: '/nowhere',
    hostFolder: '/nowhere',
    onTrouble: (message) => told.push(message),
    clock,
  });
  const { plugins, refusals } = await library.loadAll();
  expect(told).toEqual([expect.stringContaining('"slow" (slow.ts) is still being read after 5 s')]);
  expect(plugins.map(({ unit }) => unit.data.name)).toEqual(['good', 'slow']);
  expect(refusals).toMatchObject([
    {
      name: 'odd',
      error: { code: 'BP_PLUGIN_LOAD_FAILED', message: expect.stringContaining('The compiler stumbled.') },
    },
  ]);
  await expect(library.load('odd')).rejects.toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' });
  rmSync(folder, { recursive: true });
});
