import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';

// Opens a store, and kills itself without warning after so many statements.
const { where, after } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly where: { readonly folder: string; readonly key: string } | { readonly url: string };
  readonly after: number;
};
let made = 0;
const log = (): void => {
  made++;
  if (made === after) process.kill(process.pid, 'SIGKILL');
};
const store = await ('url' in where ? openPostgresStore({ ...where, log }) : openEmbeddedStore({ ...where, log }));
await store.close();
process.stdout.write(String(made));
