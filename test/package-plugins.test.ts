import { createTestHost } from '@backplane/testing';
import { expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const payment = (version: string) => `import { definePlugin } from '@backplane/plugin-api';
export const PaymentPlugin = definePlugin({
  name: 'payment-processing', version: '${version}',
  config: { provider: { type: 'string', default: 'none' } },
  initialize({ http, config }) { http.routes((app) => { app.get('/', async () => ({ version: '${version}', ...config })); }); },
});
export default {};`;

it.each(['inline', 'process'] as const)(
  'runs a plugin of an installed package like any other, at level %s: configured, isolated, reloaded by name',
  async (level) => {
    await using test = await createTestHost({
      isolation: { payment_processing: level },
      packages: true,
      prepare: (folder) =>
        writePlugins(folder, {
          'package.json': '{ "dependencies": { "shop-plugins": "1.0.0" } }',
          'node_modules/shop-plugins/package.json':
            '{ "name": "shop-plugins", "type": "module", "backplane": { "plugins": { "payment_processing": "./dist/payment.js#PaymentPlugin" } } }',
          'node_modules/shop-plugins/dist/payment.js': payment('1.0.0'),
          'plugins/.keep': '',
          'config/plugins/payment_processing.yaml': 'default:\n  provider: stripe\n',
        }),
    });
    const get = async () => (await fetch(`${test.url}/payment_processing`)).json();
    expect(await get()).toEqual({ version: '1.0.0', provider: 'stripe' });
    expect(test.host.status()[0]).toMatchObject({ level, origin: 'node_modules/shop-plugins/package.json' });
    await writePlugins(test.folder, { 'node_modules/shop-plugins/dist/payment.js': payment('1.1.0') });
    await test.host.reload('payment_processing');
    expect(await get()).toMatchObject({ version: '1.1.0' });
  },
);
