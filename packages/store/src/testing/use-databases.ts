import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '@backplane/testing/postgres-server';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { StoreKind } from '../migrations.ts';
import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';
import type { Store, StoreOptions } from '../store.ts';

/** One empty database, which may be opened again and again. */
export interface TestDatabase {
  readonly kind: StoreKind;
  /** `folder` and `key`, or `url`, for another process. */
  readonly where: Readonly<Record<string, string>>;
  open(options?: StoreOptions): Promise<Store>;
}

/** Runs one suite on each database, on a real server each. */
export function describeOnBoth(title: string, suite: (fresh: () => Promise<TestDatabase>) => void): void {
  describe(`${title}, on libSQL`, () => {
    const made: string[] = [];
    afterEach(() => {
      for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
    });
    suite(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'backplane-store-'));
      made.push(folder);
      const where = { folder, key: randomBytes(32).toString('hex') };
      return { kind: 'libsql', where, open: (options) => openEmbeddedStore({ ...where, ...options }) };
    });
  });
  describe(`${title}, on PostgreSQL`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    }, 60_000);
    afterAll(() => server[Symbol.asyncDispose]());
    suite(async () => {
      const where = { url: await server.database() };
      return { kind: 'postgres', where, open: (options) => openPostgresStore({ ...where, ...options }) };
    });
  });
}
