import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePlugin } from '@backplane/plugin-api';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';

const examples = fileURLToPath(new URL('../examples', import.meta.url));
const names = ['custom-metrics', 'request-tracing', 'structured-logging'];

const speaker = definePlugin({
  name: 'speaker',
  version: '1.0.0',
  initialize({ http, events }) {
    http.routes((app) => {
      app.get('/:type', async (request) => {
        await events.publish((request.params as { type: string }).type, { name: 'Ada' });
        return { id: request.headers['x-correlation-id'] };
      });
    });
  },
});

/** With the configuration that stands beside them. */
const boot = (): Promise<TestHost> =>
  createTestHost({
    plugins: [speaker],
    prepare: async (folder) => {
      for (const name of names)
        await cp(join(examples, 'plugins', name), join(folder, 'plugins', name), { recursive: true });
      await cp(join(examples, 'plugins/config'), join(folder, 'config'), { recursive: true });
    },
  });

const lines = (test: TestHost, wanted: string): Record<string, unknown>[] =>
  test.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ namespace, msg }) => namespace === 'plugins.structured-logging' && msg === wanted);

describe('the example plugins', () => {
  it('run together, and give a request one id, on its way in, on its answer and in the log, with its time', async () => {
    await using test = await boot();
    const running = test.start.plugins.filter(({ state }) => state.phase === 'running');
    expect(running.map(({ name }) => name)).toEqual([...names, 'speaker'].sort());
    const answer = await fetch(`${test.url}/speaker/user.login`);
    const id = answer.headers.get('x-correlation-id');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(answer.headers.get('x-processing-time'))).toBeGreaterThan(0);
    expect(await answer.json()).toEqual({ id });
    expect(lines(test, 'request')).toMatchObject([{ path: '/speaker/user.login', status: 200, correlation_id: id }]);
  });

  it('take an id that a client sends, and none that could forge a line', async () => {
    await using test = await boot();
    const sent = async (id: string) =>
      (await fetch(`${test.url}/nowhere`, { headers: { 'x-correlation-id': id } })).headers.get('x-correlation-id');
    expect(await sent('order-7')).toBe('order-7');
    expect(await sent('a"b')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('write the events that are configured, and no others', async () => {
    await using test = await boot();
    await fetch(`${test.url}/speaker/user.login`);
    await fetch(`${test.url}/speaker/other.event`);
    expect(lines(test, 'user.login')).toMatchObject([{ source: 'speaker', data: { name: 'Ada' } }]);
    expect(lines(test, 'other.event')).toEqual([]);
  });

  it('collect metrics that show on /metrics, on /plugins/metrics and on their own page', async () => {
    await using test = await boot();
    const text = await (await fetch(`${test.url}/metrics`)).text();
    expect(text).toContain('custom_metrics_collections_total 1\n');
    expect(text).toMatch(/custom_metrics_memory\{kind="heapUsed"\} \d+/);
    const { plugins } = (await (await fetch(`${test.url}/plugins/metrics`, { headers: test.management })).json()) as {
      plugins: Record<string, unknown>;
    };
    expect(plugins['custom-metrics']).toMatchObject({ collections: 1 });
    expect(await (await fetch(`${test.url}/custom-metrics`)).json()).toMatchObject({ collections: 1 });
  });

  it.each(names)('%s imports nothing but the plugin API and Node', async (name) => {
    const text = await readFile(join(examples, 'plugins', name, 'plugin.ts'), 'utf8');
    for (const [, from] of text.matchAll(/from '([^']+)'/g)) expect(from).toMatch(/^(@backplane\/plugin-api|node:)/);
  });
});
