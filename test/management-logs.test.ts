import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { startShop as start } from './testing/api-plugins.ts';

const CANARY = 'canary-77aa-never-to-be-seen';

const talker = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'talker',
  version: '1.0.0',
  initialize({ http, logger }) {
    http.routes((app) => {
      app.get('/say', async ({ query }) => {
        logger[query.level ?? 'info'](query.text, { password: '${CANARY}', customer: 7 });
        return 'said';
      });
    });
  },
});
`;

/** Without what the host says of the plugin itself. */
const brief = (body: { items: readonly { level: string; message: string }[] }) =>
  body.items.filter(({ message }) => !message.endsWith(' runs')).map(({ level, message }) => `${level} ${message}`);

describe('lines of the log', () => {
  it('are kept, and found by plugin, level, namespace, time, text and request', async () => {
    await using test = await start({ 'talker/plugin.ts': talker });
    const ask = apiOf(test);
    const say = (text: string, level = 'info') => fetch(`${test.url}/talker/say?text=${text}&level=${level}`);
    await say('first');
    await say('second', 'warn');
    await say('unheard', 'debug');
    const { body } = await ask('GET', '/plugins/logs?plugin_id=talker');
    expect(brief(body)).toEqual(['warn second', 'info first']);
    expect(body.items[0]).toMatchObject({
      id: expect.any(Number),
      plugin: 'talker',
      namespace: 'plugins.talker',
      fields: { customer: 7, password: '[redacted]' },
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(JSON.stringify(body)).not.toContain(CANARY);
    const found = async (query: string) => brief((await ask('GET', `/plugins/logs?${query}`)).body);
    expect(await found('plugin_id=talker&level=warn')).toEqual(['warn second']);
    expect(await found('namespace=plugins&search=FIRST')).toEqual(['info first']);
    expect(await found(`trace_id=${body.items[1].trace_id}`)).toEqual(['info first']);
    expect(await found('plugin_id=talker&until=2020-01-01')).toEqual([]);
    const page = (await ask('GET', '/plugins/logs?plugin_id=talker&limit=1')).body;
    expect(brief(page)).toEqual(['warn second']);
    expect(await found(`plugin_id=talker&limit=1&cursor=${page.next_cursor}`)).toEqual(['info first']);
    expect((await ask('GET', '/plugins/logs?cursor=x')).status).toBe(400);
    expect((await ask('GET', '/plugins/logs?level=loud')).status).toBe(400);
    const own = (await ask('GET', '/plugins')).body.items.find(({ name }: { name: string }) => name === 'talker');
    expect(await found(`plugin_id=${own.id}`)).toHaveLength(2);

    await ask('PUT', '/admin/log-levels', { namespace: 'plugins.talker', level: 'debug' });
    await say('heard', 'debug');
    expect(await found('plugin_id=talker&level=debug')).toEqual(['debug heard', 'warn second', 'info first']);
  });

  it('are told as they come, until the client goes or the host stops', async () => {
    await using test = await start({ 'talker/plugin.ts': talker });
    const response = await fetch(`${test.url}/api/v1/plugins/logs/stream?plugin_id=talker&level=warn`, {
      headers: test.management,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = '';
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`It ended before "${wanted}": ${text}`);
        text += decoder.decode(value, { stream: true });
      }
    };
    await until('retry: 1000');
    await fetch(`${test.url}/talker/say?text=quiet`);
    await fetch(`${test.url}/talker/say?text=fire&level=error`);
    await until('fire');
    const [event, data = ''] = text.trim().split('\n\n').at(-1)?.split('\n') ?? [];
    expect(event).toBe('event: line');
    expect(JSON.parse(data.replace(/^data: /, ''))).toMatchObject({
      level: 'error',
      message: 'fire',
      plugin: 'talker',
    });
    expect(text).not.toContain('quiet');
    const began = performance.now();
    const stopped = test.host.stop();
    while (!(await reader.read()).done);
    await stopped;
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('outlive the host and their plugin', async () => {
    await using test = await start({ 'talker/plugin.ts': talker });
    await fetch(`${test.url}/talker/say?text=remembered`);
    await test.host.stop();
    await using again = await createTestHost({ dataDir: `${test.folder}/data`, configDir: `${test.folder}/config` });
    const { body } = await apiOf(again)('GET', '/plugins/logs?plugin_id=talker');
    expect(brief(body)).toEqual(['info remembered']);
    const host = (await apiOf(again)('GET', '/plugins/logs?namespace=backplane')).body;
    expect(brief(host)).toContain('info The host is stopping.');
  });
});
