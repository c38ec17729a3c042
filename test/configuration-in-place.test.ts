import type { LiveChange } from '@backplane/runtime';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it, vi } from 'vitest';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

/** Counts in memory what it serves, and takes its limit in place; what it may be told is checked by code. */
const tally = `
import { definePlugin, service } from '@backplane/plugin-api';
export const counts = service('tally.counts');
const schema = { '~standard': { version: 1, vendor: 'test', validate(value) {
  const { limit = 0, ...more } = value;
  if (typeof limit !== 'number') return { issues: [{ path: ['limit'], message: 'is no number' }] };
  return { value: { ...more, limit: limit * 10 } };
} } };
export default definePlugin({
  name: 'tally',
  version: '1.0.0',
  provides: [counts],
  config: schema,
  initialize(context) {
    let served = 0;
    const made = context.config.limit;
    const told = [];
    const held = Promise.withResolvers();
    context.provide(counts, { limit: async () => context.config.limit });
    context.http.routes((app) => {
      app.get('/', async () => ({ served: ++served, limit: context.config.limit }));
      app.get('/about', async () => ({
        made, told, pid: process.pid, instance: context.plugin.instance, frozen: Object.isFrozen(context.config),
      }));
      app.get('/held', async () => {
        const before = context.config;
        await held.promise;
        return { before: before.limit, now: context.config.limit };
      });
      app.get('/release', async () => held.resolve());
    });
    return {
      async reconfigure(next, previous) {
        if (next.exit) process.exit(3);
        if (next.limit < 0) throw new Error('there is no such limit');
        if (next.anew) return 'replace';
        told.push(previous.limit + ' -> ' + next.limit);
      },
    };
  },
});
`;

const reader = `
import { definePlugin, service } from '@backplane/plugin-api';
export default definePlugin({
  name: 'reader',
  version: '1.0.0',
  needs: { counts: service('tally.counts') },
  initialize(context) {
    context.http.routes((app) => app.get('/', async () => ({ limit: await context.services.counts.limit() })));
  },
});
`;

interface Live extends TestHost {
  readonly changes: LiveChange[];
  configure(text: string): Promise<LiveChange>;
  get(path: string): Promise<Record<string, unknown>>;
}

async function live(isolation: Record<string, 'process'>, files: PluginFiles = {}): Promise<Live> {
  const changes: LiveChange[] = [];
  const test = await createTestHost({
    watch: true,
    onLive: (change) => changes.push(change),
    isolation,
    prepare: (folder) =>
      writePlugins(folder, {
        'plugins/tally.js': tally,
        'plugins/reader.js': reader,
        'config/plugins/tally.yaml': 'default: { limit: 1 }\n',
        ...files,
      }),
  });
  return Object.assign(test, {
    changes,
    async configure(text: string): Promise<LiveChange> {
      await writePlugins(test.folder, { 'config/plugins/tally.yaml': `default: { ${text} }\n` });
      const [change] = await vi.waitFor(
        () => {
          expect(changes.length, test.log.join('\n')).toBeGreaterThan(0);
          return changes.splice(0);
        },
        { timeout: 15_000, interval: 5 },
      );
      return change as LiveChange;
    },
    async get(path: string) {
      const response = await fetch(test.url + path);
      expect(response.status, path).toBe(200);
      return (await response.json()) as Record<string, unknown>;
    },
  });
}

describe.each(['inline', 'process'] as const)('a saved configuration, at level %s', (level) => {
  const isolation: Record<string, 'process'> = level === 'process' ? { tally: 'process' } : {};

  it('reaches the instance that serves, under load, and no request, count or dependent is lost', async () => {
    await using test = await live(isolation);
    const before = await test.get('/tally/about');
    const held = test.get('/tally/held');
    let running = true;
    let served = 0;
    const seen = new Set<unknown>();
    const worker = async () => {
      while (running) {
        seen.add((await test.get('/tally')).limit);
        served++;
      }
    };
    const workers = Array.from({ length: 4 }, worker);
    for (let limit = 2; limit <= 11; limit++) {
      expect(await test.configure(`limit: ${limit}`)).toMatchObject({
        plugin: 'tally',
        action: 'reconfigure',
        outcome: 'applied',
      });
      expect(await test.get('/tally')).toMatchObject({ limit: limit * 10 });
      served++;
      expect(await test.get('/reader')).toEqual({ limit: limit * 10 });
    }
    running = false;
    await Promise.all(workers);
    expect((await test.get('/tally')).served).toBe(served + 1);
    expect([...seen].length).toBeGreaterThan(2);
    await fetch(`${test.url}/tally/release`);
    expect(await held).toEqual({ before: 10, now: 110 });
    const after = await test.get('/tally/about');
    expect(after).toMatchObject({ made: 10, instance: 1, pid: before.pid, frozen: true });
    expect(after.told).toEqual(Array.from({ length: 10 }, (_, n) => `${(n + 1) * 10} -> ${(n + 2) * 10}`));
    expect(test.host.status().map(({ name, instance }) => [name, instance])).toEqual([
      ['reader', 1],
      ['tally', 1],
    ]);
  });

  it('that is invalid, or refused by the plugin, leaves the values that hold', async () => {
    await using test = await live(isolation);
    const invalid = await test.configure('limit: many');
    expect(invalid).toMatchObject({ outcome: 'returned', problem: expect.stringContaining('is no number') });
    expect(await test.get('/tally')).toEqual({ served: 1, limit: 10 });
    const refused = await test.configure('limit: -3');
    expect(refused).toMatchObject({
      action: 'reconfigure',
      outcome: 'returned',
      problem: expect.stringContaining('failed in reconfigure: there is no such limit'),
    });
    expect(await test.get('/tally')).toEqual({ served: 2, limit: 10 });
    expect(test.host.control.pluginStatus('tally')).toMatchObject({
      instance: 1,
      lastChange: { outcome: 'returned', failure: { code: 'BP_STEP_FAILED' } },
    });
    expect(await test.configure('limit: 4')).toMatchObject({ action: 'reconfigure', outcome: 'applied' });
    expect(await test.get('/tally')).toEqual({ served: 3, limit: 40 });
    expect((await test.get('/tally/about')).told).toEqual(['10 -> 40']);
  });

  it('takes a new instance where the plugin says so, and where the host’s own settings change', async () => {
    await using test = await live(isolation);
    expect(await test.configure('limit: 2, anew: true')).toMatchObject({ action: 'replace', outcome: 'applied' });
    expect(await test.get('/tally/about')).toMatchObject({ made: 20, instance: 2, told: [] });
    await writePlugins(test.folder, { 'config/base.yaml': 'plugin_settings:\n  tally: { priority: 7 }\n' });
    await vi.waitFor(() => expect(test.host.control.pluginStatus('tally').priority).toBe(7), { timeout: 15_000 });
    expect(await test.get('/tally/about')).toMatchObject({ made: 20, instance: 3 });
  });
});

it('that kills the process of a plugin does not hold: the plugin begins again with the values before', async () => {
  await using test = await live({ tally: 'process' });
  const before = await test.get('/tally/about');
  expect(await test.configure('limit: 2, exit: true')).toMatchObject({
    action: 'reconfigure',
    outcome: 'returned',
    problem: expect.stringContaining('ended unexpectedly with exit code 3'),
  });
  await vi.waitFor(() => expect(test.host.control.pluginStatus('tally').state.phase).toBe('running'), {
    timeout: 15_000,
  });
  await vi.waitFor(async () => expect((await test.get('/tally')).limit).toBe(10), { timeout: 15_000 });
  expect((await test.get('/tally/about')).pid).not.toBe(before.pid);
});
