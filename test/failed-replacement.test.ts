import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import type { PluginStatusBody, PluginsStatusBody, Problem } from '@backplane/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

interface Stage {
  ticks: string[];
  initialized: string[];
  undone: string[];
}
declare global {
  var failedReplacementTest: Stage;
}

/** A plugin that counts, with one line of its own in each step. */
const clock = (version: string, { initialize = '', start = '', health = 'true' } = {}) => `
import { definePlugin } from '@backplane/plugin-api';
const stage = globalThis.failedReplacementTest;
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
  let test: TestHost;
  beforeEach(async () => {
    globalThis.failedReplacementTest = { ticks: [], initialized: [], undone: [] };
    test = await createTestHost({
      prepare: (folder) => writePlugins(join(folder, 'plugins'), { 'clock.ts': clock('1.0.0') }),
    });
  });
  afterEach(() => test[Symbol.asyncDispose]());

  const reload = () => fetch(`${test.url}/plugins/clock/reload`, { method: 'POST', headers: test.management });
  const status = async (): Promise<PluginStatusBody> => {
    const response = await fetch(`${test.url}/plugins/status`, { headers: test.management });
    return ((await response.json()) as PluginsStatusBody).plugins[0] as PluginStatusBody;
  };
  const version = async () => (await fetch(`${test.url}/clock/version`)).text();
  const nextTick = async () => {
    const { ticks } = globalThis.failedReplacementTest;
    const before = ticks.length;
    await expect.poll(() => ticks.length, { interval: 5 }).toBeGreaterThan(before + 1);
    return ticks.at(-1);
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
    await writePlugins(join(test.folder, 'plugins'), { 'clock.ts': text });
    let running = true;
    const failures: string[] = [];
    const client = (async () => {
      while (running) {
        const seen = await version();
        if (seen !== '1.0.0') failures.push(seen);
      }
    })();

    const answer = await reload();
    const problem = (await answer.json()) as Problem & { details: { failure: { stack: string } } };
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(problem).toMatchObject({ code: 'BP_RELOAD_FAILED', status: 409 });
    for (const part of ['"clock"', failing.step, failing.said, 'Version 1.0.0 serves on.'])
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
    expect(globalThis.failedReplacementTest.ticks).not.toContain('2.0.0');
    expect(globalThis.failedReplacementTest.undone).toEqual(failing.undone ? ['2.0.0'] : []);

    // It is not tried again by itself, and a mended one goes in.
    await writePlugins(join(test.folder, 'plugins'), { 'clock.ts': clock('2.0.1') });
    expect((await reload()).status).toBe(200);
    expect(await version()).toBe('2.0.1');
    expect(await nextTick()).toBe('2.0.1');
    expect(globalThis.failedReplacementTest.initialized.filter((name) => name === '2.0.0').length).toBeLessThan(2);
    const mended = await status();
    expect(mended.last_change).toMatchObject({ outcome: 'applied', version: '2.0.1', failure: null });
  });
});
