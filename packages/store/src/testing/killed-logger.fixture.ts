import { writeSync } from 'node:fs';
import { createLogStore } from '../logs/create-log-store.ts';
import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';

// Logs without end, and says up to which line everything is in the database, until it is killed.
const { where, run } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly where: { readonly folder: string; readonly key: string } | { readonly url: string };
  readonly run: number;
};
const store = await ('url' in where ? openPostgresStore(where) : openEmbeddedStore(where));
const logs = createLogStore({ store, report: (problem) => writeSync(2, `${problem.code}\n`), batchRows: 7 });
for (let n = 1; ; n++) {
  const message = `${run}-${n}`;
  logs.sink({ time: n, level: 'info', namespace: 'plugins.orders', message, fields: {}, traceId: undefined });
  if (n % 5 > 0) continue;
  await logs.flush();
  writeSync(1, `${n}\n`);
  // Otherwise nothing but promises would run.
  await new Promise((resolve) => setImmediate(resolve));
}
