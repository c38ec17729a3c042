import { createHash } from 'node:crypto';
import { isBackplaneError, messageOf } from '@backplane/base';
import type { DatabaseDialect, DatabaseMigration } from '@backplane/plugin-api';
import type { SqlRunner } from '@backplane/ports';
import { errors } from '../errors.ts';
import { splitSql } from './split-sql.ts';

/** Runs its work in a transaction that nobody else makes migrations in. */
export type MigrationRun = <T>(work: (own: SqlRunner) => Promise<T>) => Promise<T>;

export interface MigratePluginOptions {
  readonly plugin: string;
  readonly dialect: DatabaseDialect;
  readonly migrations: readonly DatabaseMigration[];
  /** No older version runs. */
  readonly alone: boolean;
  readonly now: () => number;
  readonly run: MigrationRun;
  /** `look` finds out whether there is anything to do, and says `true` when there is not. */
  readonly only: 'look' | 'all';
}

interface Step {
  readonly position: number;
  readonly name: string;
  readonly digest: string;
  readonly statements: readonly string[];
  /** Versions must know so many migrations that use what it leaves. */
  readonly minCompatible: number;
  readonly breaking: boolean;
}

interface Made {
  readonly position: number;
  readonly name: string;
  readonly digest: string;
  readonly min_compatible: number;
}

const TABLE = 'backplane_migrations';

/**
 * Brings the database of a plugin to its newest migration, each in a transaction of its own: whoever is killed in between goes on where it
 * stopped. Never back: an older version works on what newer ones have left, as long as they say that it can. True when nothing is left to do.
 * @throws BP_DATABASE_MIGRATIONS_INVALID, BP_DATABASE_MIGRATION_CHANGED, BP_DATABASE_NEWER, BP_DATABASE_MIGRATION_BREAKING,
 *   BP_DATABASE_MIGRATION_FAILED
 */
export async function migratePlugin(options: MigratePluginOptions): Promise<boolean> {
  const { plugin, run, only, alone } = options;
  const steps = stepsOf(options);
  await run((own) =>
    own.run(
      `create table if not exists ${TABLE} (position bigint primary key, name text not null unique, digest text not null, min_compatible bigint not null, applied_at bigint not null)`,
      [],
    ),
  );
  const made = await run((own) => check(own, plugin, steps));
  const pending = steps.slice(made);
  if (pending.length === 0 || only === 'look') return pending.length === 0;
  const breaking = pending.find((step) => step.breaking);
  // A database that is new has no older version.
  if (breaking !== undefined && made > 0 && !alone)
    throw errors.BP_DATABASE_MIGRATION_BREAKING({ plugin, migration: breaking.name });
  for (const step of pending) await make(step, steps, options);
  return true;
}

async function make(step: Step, steps: readonly Step[], { plugin, run, now }: MigratePluginOptions): Promise<void> {
  try {
    await run(async (own) => {
      // Another host may have made it while this one waited.
      if ((await check(own, plugin, steps)) > step.position - 1) return;
      for (const statement of step.statements) await own.run(statement, []);
      await own.run(
        `insert into ${TABLE} (position, name, digest, min_compatible, applied_at) values ($1, $2, $3, $4, $5)`,
        [step.position, step.name, step.digest, step.minCompatible, now()],
      );
    });
  } catch (cause) {
    if (isBackplaneError(cause) && /^BP_(?:DATABASE_(?:MIGRATION_|NEWER|LOST|CLOSED)|STORE_)/.test(cause.code))
      throw cause;
    throw errors.BP_DATABASE_MIGRATION_FAILED({ plugin, migration: step.name, problem: messageOf(cause) }, { cause });
  }
}

/** Holds what was made against what is known, and gives how many of the known ones have been made. */
async function check(own: SqlRunner, plugin: string, steps: readonly Step[]): Promise<number> {
  const { rows } = await own.run(`select position, name, digest, min_compatible from ${TABLE} order by position`, []);
  const made = rows as unknown as readonly Made[];
  for (const [index, { name, digest }] of made.entries()) {
    const step = steps[index];
    if (step === undefined) break;
    if (step.name !== name)
      throw errors.BP_DATABASE_MIGRATION_CHANGED({
        plugin,
        migration: step.name,
        found: `"${name}" stands in its place`,
      });
    if (step.digest !== digest)
      throw errors.BP_DATABASE_MIGRATION_CHANGED({ plugin, migration: name, found: 'its SQL was another' });
  }
  const tooNew = made.find(({ min_compatible }) => min_compatible > steps.length);
  if (tooNew !== undefined) throw errors.BP_DATABASE_NEWER({ plugin, migration: tooNew.name });
  return Math.min(made.length, steps.length);
}

function stepsOf({ plugin, dialect, migrations }: MigratePluginOptions): readonly Step[] {
  const invalid = (problem: string) => errors.BP_DATABASE_MIGRATIONS_INVALID({ plugin, problem });
  const names = new Set<string>();
  let minCompatible = 0;
  return migrations.map(({ name, up, breaking = false }, index) => {
    if (names.has(name)) throw invalid(`two are called "${name}"`);
    names.add(name);
    const position = index + 1;
    if (breaking) minCompatible = position;
    const text = typeof up === 'string' ? up : up[dialect];
    if (typeof text !== 'string') throw invalid(`"${name}" has no SQL for ${dialect}`);
    const digest = createHash('sha256').update(text).digest('hex');
    return { position, name, digest, statements: splitSql(text, dialect), minCompatible, breaking };
  });
}
