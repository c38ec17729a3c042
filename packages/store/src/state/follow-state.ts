import { isDeepStrictEqual } from 'node:util';
import type { WantedHook, WantedPlugin, WantedState, WantedValue } from '@backplane/ports';
import type { Transaction } from 'kysely';
import type { Tables } from '../tables.ts';

type Db = Transaction<Tables>;

/** Makes the rows of plugins, their keys and their hooks what a new desired state says. Rows of what did not change keep their ids. */
export async function followState(db: Db, before: WantedState, after: WantedState, at: number): Promise<void> {
  const names = new Set([...Object.keys(before.plugins), ...Object.keys(after.plugins)]);
  for (const name of names) {
    const [was = {}, is = {}] = [before.plugins[name], after.plugins[name]];
    if (isDeepStrictEqual(was, is)) continue;
    const id = await idOf(db, name, is, at);
    await followAbout(db, id, is, at);
    await followKeys(db, id, was.config ?? {}, is.config ?? {}, at);
    await followHooks(db, id, was.hooks ?? [], is.hooks ?? [], at);
  }
}

/** What a plugin says of itself comes with the next look at all that are known. */
async function idOf(db: Db, name: string, { about = {}, enabled = true }: WantedPlugin, at: number): Promise<number> {
  const found = await db.selectFrom('plugins').select('id').where('name', '=', name).executeTakeFirst();
  if (found !== undefined) return found.id;
  const made = await db
    .insertInto('plugins')
    .values({
      name,
      display_name: about.display_name ?? name,
      description: about.description ?? '',
      version: about.version ?? '',
      author: about.author ?? '',
      plugin_type: about.plugin_type ?? 'custom',
      module_path: null,
      entry_point: null,
      config_schema: null,
      enabled: enabled ? 1 : 0,
      created_at: at,
      updated_at: at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return made.id;
}

async function followAbout(db: Db, id: number, { about, enabled, code }: WantedPlugin, at: number): Promise<void> {
  const module = code?.from === 'module' ? code : undefined;
  await db
    .updateTable('plugins')
    .set({
      ...(about?.display_name !== undefined && { display_name: about.display_name }),
      ...(about?.description !== undefined && { description: about.description }),
      ...(about?.author !== undefined && { author: about.author }),
      ...(about?.plugin_type !== undefined && { plugin_type: about.plugin_type }),
      ...(about?.config_schema !== undefined && { config_schema: JSON.stringify(about.config_schema) }),
      ...(enabled !== undefined && { enabled: enabled ? 1 : 0 }),
      module_path: module?.module_path ?? null,
      entry_point: module?.entry_point ?? null,
      updated_at: at,
    })
    .where('id', '=', id)
    .execute();
}

const rowOf = (wanted: WantedValue) =>
  'secret' in wanted
    ? { value: wanted.secret, encrypted: 1 as const }
    : { value: JSON.stringify(wanted.value), encrypted: 0 as const };

async function followKeys(
  db: Db,
  plugin: number,
  before: Readonly<Record<string, WantedValue>>,
  after: Readonly<Record<string, WantedValue>>,
  at: number,
): Promise<void> {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  if (gone.length > 0)
    await db.deleteFrom('plugin_configurations').where('plugin_id', '=', plugin).where('key', 'in', gone).execute();
  for (const [key, wanted] of Object.entries(after)) {
    if (Object.hasOwn(before, key) && isDeepStrictEqual(before[key], wanted)) continue;
    const row = rowOf(wanted);
    await db
      .insertInto('plugin_configurations')
      .values({ plugin_id: plugin, key, ...row, created_at: at, updated_at: at })
      .onConflict((conflict) => conflict.columns(['plugin_id', 'key']).doUpdateSet({ ...row, updated_at: at }))
      .execute();
  }
}

async function followHooks(
  db: Db,
  plugin: number,
  before: readonly WantedHook[],
  after: readonly WantedHook[],
  at: number,
): Promise<void> {
  const within = (hooks: readonly WantedHook[], hook: WantedHook) => hooks.some((one) => isDeepStrictEqual(one, hook));
  for (const { hook_name, callback_method } of before.filter((hook) => !within(after, hook)))
    await db
      .deleteFrom('plugin_hooks')
      .where('plugin_id', '=', plugin)
      .where('hook_name', '=', hook_name)
      .where('callback_method', '=', callback_method)
      .execute();
  for (const { conditions, active, ...hook } of after.filter((hook) => !within(before, hook)))
    await db
      .insertInto('plugin_hooks')
      .values({
        ...hook,
        plugin_id: plugin,
        conditions: conditions === null ? null : JSON.stringify(conditions),
        active: active ? 1 : 0,
        created_at: at,
      })
      .execute();
}
