import { readFileSync } from 'node:fs';
import { openEmbeddedPluginDatabases } from '../plugins/open-embedded-plugin-databases.ts';

// Begins a query without end, says which process makes it, and waits to be killed.
const [, , folder = '', key = ''] = process.argv;
const provider = openEmbeddedPluginDatabases({ folder, keyOf: async () => key, statementMs: 600_000 });
const database = provider.database('endless');
await database.run('create table t (a text)', []);
void database.run('with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c', []);
const children = () => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim();
setTimeout(() => process.stdout.write(children()), 200);
