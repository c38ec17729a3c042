import { calculator, orders, sells } from '../../test/testing/api-plugins.ts';
import type { PluginFiles } from '../../test/testing/plugin-files.ts';

const chain = (name: string, on: string) =>
  sells(name, '1.0.0', on === '' ? '' : `dependencies: { '${on}': '^1.0.0' },`);

/** Does not start with `works: false`. */
const grumpy = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'grumpy', version: '1.0.0', config: { works: { type: 'boolean', default: true } },
  initialize({ config }) {
    if (!config.works) throw new Error('It cannot work like this.');
  },
});`;

/** What a host is asked about: plugins that are configured, depend on each other, fail, can be called, installed and registered. Paths begin at `plugins`. */
export const preparePlugins = (): PluginFiles => ({
  'orders/plugin.ts': orders,
  'calculator/plugin.ts': calculator,
  'chain-a/plugin.ts': chain('chain-a', ''),
  'chain-b/plugin.ts': chain('chain-b', 'chain-a'),
  'grumpy/plugin.ts': grumpy,
  'extra/extra.ts': sells('extra').replace('export default', 'export const Extra ='),
  '../offered/guest/plugin.ts': sells('guest'),
  '../offered/guest-2/plugin.ts': sells('guest', '2.0.0'),
  '../offered/broken/plugin.ts': 'export default 5;',
});
