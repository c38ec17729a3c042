import { createHash } from 'node:crypto';
import { messageOf } from '@backplane/base';
import type pg from 'pg';
import { errors } from '../errors.ts';

/** PostgreSQL cuts names off after so many bytes. */
const NAME_LENGTH = 63;

/** What a plugin's role and schema are called: never the same for two plugins. */
export function roleNameOf(plugin: string): string {
  const name = `plugin_${plugin}`;
  if (name.length <= NAME_LENGTH) return name;
  return `${name.slice(0, 46)}_${createHash('sha256').update(plugin).digest('hex').slice(0, 16)}`;
}

/** Hosts that share the database do it one after the other. */
const LOCK = 0x62_61_63_6c;

/**
 * Makes role and schema of a plugin, where they are missing. The role may use the schema and nothing else of the database.
 * @throws BP_DATABASE_ROLE
 */
export async function ensurePluginRole(client: pg.ClientBase, plugin: string): Promise<void> {
  const role = `"${roleNameOf(plugin)}"`;
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${LOCK})`);
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [roleNameOf(plugin)]);
    if (rowCount === 0) {
      await client.query(`create role ${role} nologin noinherit`);
      // A user that is no superuser makes roles that it may not yet be.
      await client.query(`grant ${role} to current_user`);
    }
    await client.query(`create schema if not exists ${role} authorization ${role}`);
    await client.query(`revoke all on schema ${role} from public`);
    // Before PostgreSQL 15, everybody may make things in it that others then take for their own. Whoever does not own it cannot help it.
    await client.query('savepoint open');
    await client.query('revoke create on schema public from public').catch(() => client.query('rollback to open'));
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback').catch(() => {});
    throw errors.BP_DATABASE_ROLE({ plugin, problem: messageOf(cause) }, { cause });
  }
}
