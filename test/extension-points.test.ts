import { join } from 'node:path';
import { definePlugin, type MiddlewareDefinition, type PluginMetadata } from '@backplane/plugin-api';
import { createTestHost } from '@backplane/testing';
import {
  type ExtensionPointsBody,
  type PluginsStatusBody,
  ExtensionPointsBody as Schema,
} from '@backplane/wire/bodies';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const passed: string[] = [];

const middleware = (name: string, place: Partial<PluginMetadata>, definition: Partial<MiddlewareDefinition> = {}) =>
  definePlugin({
    name,
    version: '1.0.0',
    ...place,
    initialize({ http }) {
      http.middleware({
        name: `${name} hooks`,
        onRequest: () => void passed.push(`${name} in`),
        onParsed: () => void passed.push(`${name} parsed`),
        onResponse: () => void passed.push(`${name} out`),
        ...(definition as object),
      });
    },
  });

const around = definePlugin({
  name: 'around',
  version: '1.0.0',
  phase: 'middleware',
  priority: 20,
  initialize({ http }) {
    http.middleware({
      async handle(_, next) {
        passed.push('around in');
        const response = await next();
        passed.push('around out');
        return response;
      },
    });
  },
});

const shop = definePlugin({
  name: 'shop',
  version: '1.0.0',
  initialize({ http }) {
    http.operation({ method: 'POST', path: '/orders', handler: () => ({}) });
  },
});

const far = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'far',
  version: '1.0.0',
  initialize({ http }) { http.operation({ method: 'GET', path: '/', handler: () => ({}) }); },
});
`;

describe('the extension points of a host', () => {
  it('show the order in which middleware runs, in three stages, and what it does not see', async () => {
    await using test = await createTestHost({
      plugins: [
        middleware('last', { phase: 'business' }),
        around,
        middleware('early', { phase: 'middleware', priority: 10 }),
        middleware('first', { phase: 'security', priority: 500 }),
        middleware('elsewhere', { phase: 'security' }, { when: { plugins: ['shop'], paths: ['!/shop/**'] } }),
        shop,
      ],
      prepare: (folder) => writePlugins(join(folder, 'plugins'), { 'far.ts': far }),
      isolation: { far: 'process' },
    });
    const get = (path: string) => fetch(test.url + path, { headers: test.management }).then((answer) => answer.json());
    expect((await fetch(`${test.url}/shop/orders`, { method: 'POST' })).status).toBe(200);
    const shown = (await get('/extension-points')) as ExtensionPointsBody;
    expect(Value.Errors(Schema, shown)).toEqual([]);
    const handlersOf = (point: string) => shown.extension_points.find(({ name }) => name === point)?.handlers ?? [];
    const inOrder = [
      ...handlersOf('middleware.pre_request').map((handler) => ({ ...handler, stage: 'in' })),
      ...handlersOf('middleware.parsed').map((handler) => ({ ...handler, stage: 'parsed' })),
      ...handlersOf('middleware.post_response').map((handler) => ({ ...handler, stage: 'out' })),
    ];
    expect(passed).toEqual(
      inOrder.filter(({ plugin }) => plugin !== 'elsewhere').map(({ plugin, stage }) => `${plugin} ${stage}`),
    );
    expect(handlersOf('middleware.parsed').map(({ plugin, passes_over }) => [plugin, passes_over])).toEqual([
      ['elsewhere', []],
      ['first', ['far']],
      ['early', ['far']],
      ['last', ['far']],
    ]);
    expect(handlersOf('middleware.pre_request')[0]).toMatchObject({
      plugin: 'elsewhere',
      form: 'hooks',
      when: { plugins: ['shop'], paths: ['!/shop/**'] },
    });

    const { plugins } = (await get('/plugins/status')) as PluginsStatusBody;
    const last = plugins.find(({ name }) => name === 'last')?.handlers ?? [];
    expect(last.map(({ extension_point, handler, place, of }) => [extension_point, handler, place, of])).toEqual([
      ['middleware.pre_request', 'last hooks', 5, 5],
      ['middleware.parsed', 'last hooks', 4, 4],
      ['middleware.post_response', 'last hooks', 1, 5],
    ]);

    passed.length = 0;
    expect((await fetch(`${test.url}/far`)).status).toBe(200);
    expect(passed.filter((step) => step.includes('parsed'))).toEqual([]);
    const told = test.log.filter((line) => line.includes('onParsed'));
    expect(told).toHaveLength(3);
    await test.host.reload('far');
    expect(test.log.filter((line) => line.includes('onParsed'))).toEqual(told);
  });
});
