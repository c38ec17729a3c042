import type { PluginStatusBody, Problem } from '@backplane/wire';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { writePlugins } from './testing/plugin-files.ts';

/** What the versions of the plugin have done, oldest first. */
interface Deeds {
  readonly ticks: string[];
  readonly initialized: string[];
  readonly undone: string[];
}

/** A plugin that counts, with one line of its own in each step. */
const clock = (version: string, { initialize = '', start = '', health = 'true' } = {}) => `
import { definePlugin } from '@backplane/plugin-api';
const stage = (globalThis.stage ??= { ticks: [], initialized: [], undone: [] });
export default definePlugin({
  name: 'clock',
  version: '${version}',
  limits: { initialize: 250, start: 250 },
  async initialize(context) {
    stage.initialized.push('${version}');
    context.scope.add('effect', () => { stage.undone.push('${version}'); });
    context.scope.interval('tick', 5, () => { stage.ticks.push('${version}'); });
    context.http.routes((app) => {
      app.get('/version', async () => '${version}');
      app.get('/deeds', async () => stage);
      app.delete('/deeds', async () => {
        for (const list of Object.values(stage)) list.length = 0;
        return {};
      });
    });
    ${initialize}
    return {
      async start() {
        ${start}
      },
      health: () => (${health}),
    };
  },
});
`;

const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('a new version that does not come up', () => {
  let host: HostProcess;
  beforeAll(async () => {
    host = await HostProcess.start({ 'clock.ts': clock('1.0.0') });
  });
  afterAll(() => host[Symbol.asyncDispose]());
  beforeEach(async () => {
    await writePlugins(host.plugins, { 'clock.ts': clock('1.0.0') });
    expect((await host.reload('clock')).status).toBe(200);
    await fetch(`${host.url}/clock/deeds`, { method: 'DELETE' });
  });

  const status = async () => (await host.status()).get('clock') as PluginStatusBody;
  const version = async () => (await fetch(`${host.url}/clock/version`)).text();
  const deeds = async () => (await (await fetch(`${host.url}/clock/deeds`)).json()) as Deeds;
  const nextTick = async () => {
    const before = (await deeds()).ticks.length;
    await expect.poll(async () => (await deeds()).ticks.length, { interval: 5 }).toBeGreaterThan(before + 1);
    return (await deeds()).ticks.at(-1);
  };

  const boom = `throw new Error('no disk');`;
  it.each([
    { name: 'throws in initialize', steps: { initialize: boom }, step: 'initialize', said: 'no disk', undone: true },
    {
      name: 'hangs in initialize',
      steps: { initialize: 'await new Promise(() => {});' },
      step: 'initialize',
      said: 'within 250 ms',
      undone: true,
    },
    { name: 'throws in start', steps: { start: boom }, step: 'start', said: 'no disk', undone: true },
    {
      name: 'hangs in start',
      steps: { start: 'await new Promise(() => {});' },
      step: 'start',
      said: 'within 250 ms',
      undone: true,
    },
    {
      name: 'says that it is unhealthy',
      steps: { health: `{ healthy: false, message: 'no disk' }` },
      step: 'unhealthy',
      said: 'no disk',
      undone: true,
    },
    {
      name: 'throws while it is loaded',
      steps: {},
      before: boom,
      step: 'loaded',
      said: 'no disk',
      undone: false,
    },
  ])('and $name leaves the old one in service, with its timers, and tells why', async ({ before = '', ...failing }) => {
    expect(await nextTick()).toBe('1.0.0');
    const text = `${before}${clock('2.0.0', failing.steps)}`;
    await writePlugins(host.plugins, { 'clock.ts': text });
    let running = true;
    const failures: string[] = [];
    const client = (async () => {
      while (running) {
        const seen = await version();
        if (seen !== '1.0.0') failures.push(seen);
      }
    })().catch((error) => failures.push(String(error)));

    const answer = await host.reload('clock');
    const problem = (await answer.json()) as Problem & { details: { failure: { stack: string } } };
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(problem).toMatchObject({ code: 'BP_RELOAD_FAILED', status: 409 });
    for (const part of ['"clock"', failing.step, failing.said, 'version 1.0.0 serves on.'])
      expect(problem.detail).toContain(part);
    // No sentence ends twice, and none is without an end.
    expect(problem.detail).toMatch(/[^.]\.$/);
    expect(problem.detail).not.toContain('..');

    const { state, version: runs, last_change: last } = await status();
    expect([state, runs, last?.outcome, last?.version]).toEqual(['running', '1.0.0', 'returned', '1.0.0']);
    expect(last?.failure?.message).toContain(failing.said);
    expect(problem.details.failure).toEqual(last?.failure);
    if (failing.said === 'no disk' && failing.step !== 'unhealthy') {
      const place = `clock.ts:${lineOf(text, boom)}:`;
      expect(last?.failure?.stack).toContain(place);
    }

    expect(await version()).toBe('1.0.0');
    expect(await nextTick()).toBe('1.0.0');
    running = false;
    await client;
    expect(failures).toEqual([]);
    const done = await deeds();
    expect(done.ticks).not.toContain('2.0.0');
    expect(done.initialized).toEqual(failing.undone ? ['2.0.0'] : []);
    expect(done.undone).toEqual(failing.undone ? ['2.0.0'] : []);

    // It is not tried again by itself, and a mended one goes in.
    await writePlugins(host.plugins, { 'clock.ts': clock('2.0.1') });
    expect((await host.reload('clock')).status).toBe(200);
    expect(await version()).toBe('2.0.1');
    expect(await nextTick()).toBe('2.0.1');
    expect((await deeds()).initialized).toEqual([...done.initialized, '2.0.1']);
    const mended = await status();
    expect(mended.last_change).toMatchObject({ outcome: 'applied', version: '2.0.1', failure: null });
  });
});
