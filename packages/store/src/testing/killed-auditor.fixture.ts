import { writeSync } from 'node:fs';
import { systemClock } from '@backplane/base';
import { createSoftwareKeySigner } from '@backplane/security';
import { createAuditTrail } from '../audit/create-audit-trail.ts';
import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';

// Records rows without end, some within transactions of its own, and says which are acknowledged, until it is killed.
const { where, directory, anchorFile } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly where: { readonly folder: string; readonly key: string } | { readonly url: string };
  readonly directory: string;
  readonly anchorFile: string;
};
const store = await ('url' in where ? openPostgresStore(where) : openEmbeddedStore(where));
const trail = await createAuditTrail({
  store,
  node: 'one',
  signer: createSoftwareKeySigner({ directory, clock: systemClock }),
  anchorFile,
  redact: (value) => value,
  report: (problem) => writeSync(2, `${problem.code}\n`),
  signEveryRows: 20,
  signEveryMs: 5,
});
const entry = (target: string) => ({ actor: 'ada', origin: 'cli', action: 'plugin.enable', target });
const tell = (kind: string, id: string, sequence: number) => writeSync(1, `${kind} ${id} ${sequence}\n`);
const run = process.argv[3] ?? '';

async function record(worker: number): Promise<void> {
  for (let n = 0; ; n++) {
    const id = `${run}-${worker}-${n}`;
    tell('row', id, (await trail.record(entry(id))).sequence);
  }
}

async function change(): Promise<void> {
  for (let n = 0; ; n++) {
    const id = `${run}-change-${n}`;
    const { sequence } = await store.db.transaction().execute(async (own) => {
      const row = { key: id, request_digest: '', status: null, body: null, created_at: n };
      await own.insertInto('idempotency_keys').values(row).execute();
      return trail.recordIn(own, entry(id));
    });
    tell('change', id, sequence);
    // Otherwise nothing but promises would run.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

await Promise.all([record(0), record(1), record(2), change()]);
