import { calculator, orders, sells } from '../../test/testing/api-plugins.ts';
import type { PluginFiles } from '../../test/testing/plugin-files.ts';

const twin = (name: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}', version: '1.0.0', config: { at: { type: 'integer', default: 0 } },
  initialize({ config, http }) { http.routes((app) => void app.get('/', () => ({ at: config.at }))); },
});`;

const ledger = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'ledger', version: '1.0.0',
  migrations: [{ name: '1-rows', up: 'CREATE TABLE rows (id TEXT PRIMARY KEY)' }],
  initialize({ database, http }) {
    http.routes((app) => {
      app.get('/', async () => (await database.query('SELECT id FROM rows')).map(({ id }) => id));
      app.post('/:id', async (request, reply) => {
        await database.insert('rows', { id: request.params.id });
        return reply.status(201).send({ id: request.params.id });
      });
    });
  },
});`;

/** What is written to, by path. */
export const preparedFiles: PluginFiles = {
  'plugins/orders/plugin.ts': orders,
  'plugins/calculator/plugin.ts': calculator,
  'plugins/ledger/plugin.ts': ledger,
  'plugins/twin-a/plugin.ts': twin('twin-a'),
  'plugins/twin-b/plugin.ts': twin('twin-b'),
  'offered/guest-one/plugin.ts': sells('guest'),
  'offered/guest-two/plugin.ts': sells('guest', '2.0.0'),
};
