import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { writePlugins } from './plugin-files.ts';

/** Says what it is configured with, and can be called. */
export const orders = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'orders',
  version: '1.2.0',
  displayName: 'Orders',
  description: 'Sells things.',
  author: 'shop',
  type: 'billing',
  config: {
    timeout: { type: 'number', default: 30 },
    region: { type: 'string', default: 'eu' },
    token: { type: 'string', encrypted: true },
    smtp: { type: 'object', properties: { password: { type: 'string', encrypted: true }, host: { type: 'string' } } },
  },
  initialize({ config, http }) {
    http.routes((app) => void app.get('/', () => ({ timeout: config.timeout, region: config.region, knows: config.token?.length ?? 0 })));
  },
});
`;

export const calculator = `
import { definePlugin, service } from '@backplane/plugin-api';
const sums = service('calculator.sums');
export default definePlugin({
  name: 'calculator',
  version: '2.0.0',
  provides: [sums],
  initialize(context) {
    context.provide(sums, {
      add: async (a, b) => a + b,
      total: async ({ numbers }) => numbers.reduce((sum, number) => sum + number, 0),
      fail: async () => { throw new Error('Out of numbers.'); },
      circular: async () => { const ring = {}; ring.ring = ring; return ring; },
    });
  },
});
`;

/** A plugin that says which one it is. */
export const sells = (name: string, version = '1.0.0', more = '') => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}', version: '${version}', ${more}
  initialize({ http }) { http.routes((app) => void app.get('/', () => '${name} ${version}')); },
});
`;

/** A host with that plugin and others. */
export const startShop = (
  files: Readonly<Record<string, string>> = {},
  more: Parameters<typeof createTestHost>[0] = {},
) =>
  createTestHost({
    prepare: async (folder) => {
      await mkdir(join(folder, 'plugins'), { recursive: true });
      await writePlugins(join(folder, 'plugins'), {
        'orders/plugin.ts': orders,
        ...files,
      });
    },
    ...more,
  });

export const served = async (test: TestHost, path = '/orders/') => (await fetch(test.url + path)).json();
