import { isDeepStrictEqual } from 'node:util';
import type { Catalogue, CataloguePlugin, JsonValue, KnownDependency, KnownPluginFacts } from '@backplane/ports';
import { type Kysely, type Selectable, sql } from 'kysely';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { PluginsTable, Tables } from '../tables.ts';

/** Where a word is looked for. */
const SEARCHED = ['name', 'display_name', 'description'] as const;

/** As many rows as one statement takes on either database. */
const AT_ONCE = 500;

/** Keeps the rows of the plugin tables in the store. */
export function createCatalogue({ db }: Store, now: () => number = Date.now): Catalogue {
  return {
    sync: (plugins, keep) => sync(db, plugins, keep, now()),
    async plugins() {
      return (await db.selectFrom('plugins').selectAll().orderBy('name').execute()).map(pluginOf);
    },
    async plugin(idOrName) {
      const query = db.selectFrom('plugins').selectAll();
      const row = await (typeof idOrName === 'number'
        ? query.where('id', '=', idOrName)
        : query.where('name', '=', idOrName)
      ).executeTakeFirst();
      return row && pluginOf(row);
    },
    async configurations(plugin) {
      const query = db.selectFrom('plugin_configurations').selectAll().where('plugin_id', '=', plugin);
      return (await query.orderBy('id').execute()).map(({ id, key, value, encrypted, created_at, updated_at }) => ({
        id,
        key,
        value: encrypted === 1 ? undefined : (JSON.parse(value) as JsonValue),
        secret: encrypted === 1 ? value : undefined,
        createdAt: created_at,
        updatedAt: updated_at,
      }));
    },
    async hooks(plugin) {
      const query = db.selectFrom('plugin_hooks').selectAll().where('plugin_id', '=', plugin);
      return (await query.orderBy('priority').orderBy('id').execute()).map((row) => ({
        id: row.id,
        hookName: row.hook_name,
        hookType: row.hook_type,
        callbackMethod: row.callback_method,
        priority: row.priority,
        conditions: row.conditions === null ? null : (JSON.parse(row.conditions) as JsonValue),
        description: row.description,
        active: row.active === 1,
        createdAt: row.created_at,
      }));
    },
    async dependencies(plugin) {
      const query = db.selectFrom('plugin_dependencies').selectAll().where('plugin_id', '=', plugin);
      return (await query.orderBy('depends_on').execute()).map(dependencyOf);
    },
    async dependencyGraph() {
      const query = db.selectFrom('plugin_dependencies').innerJoin('plugins', 'plugins.id', 'plugin_id');
      const rows = await query.select(['name', 'depends_on']).orderBy('depends_on').execute();
      const graph = new Map<string, string[]>();
      for (const { name, depends_on } of rows) graph.set(name, [...(graph.get(name) ?? []), depends_on]);
      return graph;
    },
    async registry({ after = 0, limit, type, search }) {
      let query = db.selectFrom('plugin_registry').selectAll().where('id', '>', after);
      if (type !== undefined) query = query.where('plugin_type', '=', type);
      if (search !== undefined) {
        const pattern = `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`;
        query = query.where(({ or, eb }) =>
          or(SEARCHED.map((column) => sql<boolean>`lower(${eb.ref(column)}) like lower(${pattern}) escape '\\'`)),
        );
      }
      return (await query.orderBy('id').limit(limit).execute()).map((row) => ({
        id: row.id,
        name: row.name,
        version: row.version,
        displayName: row.display_name,
        description: row.description,
        author: row.author,
        type: row.plugin_type,
        source: row.source,
        digest: row.digest ?? undefined,
        publishedAt: row.published_at,
      }));
    },
    async templates({ after = 0, limit, type }) {
      let query = db.selectFrom('plugin_templates').selectAll().where('id', '>', after);
      if (type !== undefined) query = query.where('plugin_type', '=', type);
      return (await query.orderBy('id').limit(limit).execute()).map((row) => ({
        id: row.id,
        name: row.name,
        displayName: row.display_name,
        description: row.description,
        type: row.plugin_type,
        files: JSON.parse(row.files) as Record<string, string>,
        createdAt: row.created_at,
      }));
    },
    async addTemplate(template) {
      const created_at = now();
      const { name, displayName, description, type, files } = template;
      const made = await db
        .insertInto('plugin_templates')
        .values({
          name,
          display_name: displayName,
          description,
          plugin_type: type,
          files: JSON.stringify(files),
          created_at,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made === undefined) throw errors.BP_TEMPLATE_EXISTS({ name });
      return { ...template, id: made.id, createdAt: created_at };
    },
  };
}

const pluginOf = (row: Selectable<PluginsTable>): CataloguePlugin => ({
  id: row.id,
  name: row.name,
  displayName: row.display_name,
  description: row.description,
  version: row.version,
  author: row.author,
  type: row.plugin_type,
  modulePath: row.module_path ?? undefined,
  entryPoint: row.entry_point ?? undefined,
  configSchema: row.config_schema === null ? undefined : (JSON.parse(row.config_schema) as JsonValue),
  enabled: row.enabled === 1,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

interface DependencyRow {
  readonly depends_on: string;
  readonly version_range: string;
  readonly optional: 0 | 1;
  readonly satisfied: 0 | 1;
}

const dependencyOf = (row: DependencyRow): KnownDependency => ({
  name: row.depends_on,
  range: row.version_range,
  optional: row.optional === 1,
  satisfied: row.satisfied === 1,
});

const rowOf = (plugin: KnownPluginFacts) => ({
  name: plugin.name,
  display_name: plugin.displayName,
  description: plugin.description,
  version: plugin.version,
  author: plugin.author,
  plugin_type: plugin.type,
  module_path: plugin.modulePath ?? null,
  entry_point: plugin.entryPoint ?? null,
  config_schema: plugin.configSchema === undefined ? null : JSON.stringify(plugin.configSchema),
  enabled: plugin.enabled ? (1 as const) : (0 as const),
});

/** Writes what differs and nothing else: most starts of a host change no row. */
async function sync(
  db: Kysely<Tables>,
  plugins: readonly KnownPluginFacts[],
  keep: (name: string) => boolean,
  at: number,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const rows = await transaction.selectFrom('plugins').selectAll().execute();
    const known = new Map(rows.map((row) => [row.name, row]));
    const names = new Set(plugins.map(({ name }) => name));
    const gone = rows.filter(({ name }) => !names.has(name) && !keep(name)).map(({ id }) => id);
    for (let at = 0; at < gone.length; at += AT_ONCE)
      await transaction
        .deleteFrom('plugins')
        .where('id', 'in', gone.slice(at, at + AT_ONCE))
        .execute();
    const fresh = plugins.filter(({ name }) => !known.has(name)).map(rowOf);
    for (let from = 0; from < fresh.length; from += AT_ONCE) {
      const values = fresh.slice(from, from + AT_ONCE).map((row) => ({ ...row, created_at: at, updated_at: at }));
      // Another host that shares the database may have been before.
      await transaction
        .insertInto('plugins')
        .values(values)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
    }
    for (const plugin of plugins) {
      const row = known.get(plugin.name);
      const { name, ...values } = rowOf(plugin);
      if (row === undefined || Object.entries(values).every(([key, value]) => row[key as keyof typeof row] === value))
        continue;
      await transaction
        .updateTable('plugins')
        .set({ ...values, updated_at: at })
        .where('name', '=', name)
        .execute();
    }
    await syncDependencies(transaction, plugins, at);
  });
}

async function syncDependencies(db: Kysely<Tables>, plugins: readonly KnownPluginFacts[], at: number): Promise<void> {
  const found = await db
    .selectFrom('plugin_dependencies')
    .innerJoin('plugins', 'plugins.id', 'plugin_id')
    .select(['name', 'depends_on', 'version_range', 'optional', 'satisfied'])
    .orderBy('depends_on')
    .execute();
  const known = Map.groupBy(found, ({ name }) => name);
  for (const { name, dependencies } of plugins) {
    if (dependencies === undefined) continue;
    const wanted = [...dependencies].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (isDeepStrictEqual((known.get(name) ?? []).map(dependencyOf), wanted)) continue;
    const { id } = await db.selectFrom('plugins').select('id').where('name', '=', name).executeTakeFirstOrThrow();
    await db.deleteFrom('plugin_dependencies').where('plugin_id', '=', id).execute();
    if (wanted.length === 0) continue;
    await db
      .insertInto('plugin_dependencies')
      .values(
        wanted.map((one) => ({
          plugin_id: id,
          depends_on: one.name,
          version_range: one.range,
          optional: one.optional ? (1 as const) : (0 as const),
          satisfied: one.satisfied ? (1 as const) : (0 as const),
          checked_at: at,
        })),
      )
      .execute();
  }
}
