import { type CreateTableBuilder, type Kysely, sql } from 'kysely';

/** The databases that the tables live on. */
export type StoreKind = 'libsql' | 'postgres';

/** One step of the schema. Never changed once it has been released: what is wrong with it is mended by the next one. */
export interface Migration {
  /** One more than the one before. */
  readonly version: number;
  readonly name: string;
  /** Programs that know this version or a later one work on what it leaves. */
  readonly minCompatible: number;
  // biome-ignore lint/suspicious/noExplicitAny: a migration sees tables as they were when it was written
  up(db: Kysely<any>, kind: StoreKind): Promise<void>;
}

/** In order. All of one takes effect, or nothing. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'plugins', minCompatible: 1, up: plugins },
  { version: 2, name: 'desired-state', minCompatible: 1, up: desiredState },
  { version: 3, name: 'audit', minCompatible: 1, up: audit },
  { version: 4, name: 'secrets', minCompatible: 1, up: secrets },
  { version: 5, name: 'audit-chains', minCompatible: 1, up: auditChains },
  { version: 6, name: 'log-traces', minCompatible: 1, up: logTraces },
];

// biome-ignore lint/suspicious/noExplicitAny: as above
type Db = Kysely<any>;
// biome-ignore lint/suspicious/noExplicitAny: a table that is being made has no type yet
type Making = CreateTableBuilder<any, any>;

/** A number that the database gives each row, never twice. */
const withId = (table: Making, kind: StoreKind): Making =>
  kind === 'postgres'
    ? table.addColumn('id', 'bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey())
    : table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement());

const texts = (table: Making, ...names: readonly string[]): Making =>
  names.reduce((made, name) => made.addColumn(name, 'text', (column) => column.notNull()), table);

const optionalTexts = (table: Making, ...names: readonly string[]): Making =>
  names.reduce((made, name) => made.addColumn(name, 'text'), table);

/** Whole numbers of 64 bits: SQLite's are, and milliseconds do not fit into PostgreSQL's `integer`. */
const numbers = (table: Making, ...names: readonly string[]): Making =>
  names.reduce((made, name) => made.addColumn(name, 'bigint', (column) => column.notNull()), table);

const flags = (table: Making, ...names: readonly string[]): Making =>
  names.reduce(
    (made, name) =>
      made.addColumn(name, 'smallint', (column) => column.notNull().check(sql`${sql.ref(name)} in (0, 1)`)),
    table,
  );

const ofPlugin = (table: Making): Making =>
  table.addColumn('plugin_id', 'bigint', (column) => column.notNull().references('plugins.id').onDelete('cascade'));

async function plugins(db: Db, kind: StoreKind): Promise<void> {
  const table = (name: string) => withId(db.schema.createTable(name), kind);
  let made = texts(table('plugins'), 'name', 'display_name', 'description', 'version', 'author', 'plugin_type');
  made = flags(optionalTexts(made, 'module_path', 'entry_point', 'config_schema'), 'enabled');
  await numbers(made, 'created_at', 'updated_at').addUniqueConstraint('plugins_name', ['name']).execute();

  made = flags(texts(ofPlugin(table('plugin_configurations')), 'key', 'value'), 'encrypted');
  await numbers(made, 'created_at', 'updated_at')
    .addUniqueConstraint('plugin_configurations_key', ['plugin_id', 'key'])
    .execute();

  made = texts(ofPlugin(table('plugin_hooks')), 'hook_name', 'hook_type', 'callback_method', 'description');
  await flags(numbers(optionalTexts(made, 'conditions'), 'priority', 'created_at'), 'active').execute();
  await db.schema.createIndex('plugin_hooks_name').on('plugin_hooks').columns(['hook_name', 'priority']).execute();

  made = texts(ofPlugin(table('plugin_dependencies')), 'depends_on', 'version_range');
  await numbers(flags(made, 'optional', 'satisfied'), 'checked_at')
    .addUniqueConstraint('plugin_dependencies_on', ['plugin_id', 'depends_on'])
    .execute();

  made = optionalTexts(texts(table('plugin_logs'), 'namespace', 'level', 'message'), 'plugin', 'fields', 'trace_id');
  await numbers(made, 'time').execute();
  await db.schema.createIndex('plugin_logs_time').on('plugin_logs').column('time').execute();
  await db.schema.createIndex('plugin_logs_plugin').on('plugin_logs').columns(['plugin', 'time']).execute();

  made = texts(table('plugin_registry'), 'name', 'version', 'display_name', 'description', 'author', 'plugin_type');
  await numbers(optionalTexts(texts(made, 'source'), 'digest'), 'published_at')
    .addUniqueConstraint('plugin_registry_version', ['name', 'version'])
    .execute();

  made = texts(table('plugin_templates'), 'name', 'display_name', 'description', 'plugin_type', 'files');
  await numbers(made, 'created_at').addUniqueConstraint('plugin_templates_name', ['name']).execute();
}

async function desiredState(db: Db, kind: StoreKind): Promise<void> {
  const revisions = withId(db.schema.createTable('revisions'), kind)
    .addColumn('parent', 'bigint', (column) => column.references('revisions.id'))
    .addColumn('author', 'text', (column) => column.notNull());
  await numbers(texts(revisions, 'comment', 'state'), 'created_at').execute();
  await db.schema
    .createTable('desired_state')
    .addColumn('id', 'bigint', (column) => column.primaryKey().check(sql`id = 1`))
    .addColumn('revision', 'bigint', (column) => column.notNull().references('revisions.id'))
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  const operations = db.schema.createTable('operations').addColumn('id', 'text', (column) => column.primaryKey());
  await numbers(optionalTexts(texts(operations, 'kind', 'status', 'requested_by'), 'result'), 'created_at')
    .addColumn('finished_at', 'bigint')
    .execute();
  const keys = db.schema.createTable('idempotency_keys').addColumn('key', 'text', (column) => column.primaryKey());
  await numbers(
    optionalTexts(texts(keys, 'request_digest'), 'body').addColumn('status', 'bigint'),
    'created_at',
  ).execute();
}

async function audit(db: Db): Promise<void> {
  const table = db.schema.createTable('audit').addColumn('sequence', 'bigint', (column) => column.primaryKey());
  const made = optionalTexts(texts(table, 'actor', 'origin', 'action', 'target'), 'before', 'after');
  await numbers(texts(made, 'previous_hash', 'hash'), 'time').execute();
  await db.schema.createIndex('audit_target').on('audit').columns(['target', 'sequence']).execute();
}

/** Sealed values lie apart from the revisions that refer to them, so that a new master key seals them anew and changes no revision. */
async function secrets(db: Db): Promise<void> {
  const table = db.schema.createTable('secrets').addColumn('id', 'text', (column) => column.primaryKey());
  await numbers(texts(table, 'context', 'envelope'), 'created_at').execute();
  // How an answer is tagged is part of it.
  await db.schema.alterTable('idempotency_keys').addColumn('etag', 'text').execute();
}

/** A chain for each node, and its signed heads. Nobody has written to the table before. */
async function auditChains(db: Db): Promise<void> {
  const ofNode = (name: string) => numbers(texts(db.schema.createTable(name), 'node'), 'sequence', 'time');
  await db.schema.dropTable('audit').execute();
  const made = optionalTexts(texts(ofNode('audit'), 'actor', 'origin', 'action', 'target'), 'before', 'after');
  await texts(made, 'previous_hash', 'hash').addPrimaryKeyConstraint('audit_row', ['node', 'sequence']).execute();
  await db.schema.createIndex('audit_time').on('audit').column('time').execute();
  await db.schema.createIndex('audit_target_time').on('audit').columns(['target', 'time']).execute();
  await texts(ofNode('audit_heads'), 'hash', 'key_id', 'signature')
    .addPrimaryKeyConstraint('audit_heads_row', ['node', 'sequence'])
    .execute();
}

/** Lines of one trace are found among all others; most lines have none. */
async function logTraces(db: Db): Promise<void> {
  const index = db.schema.createIndex('plugin_logs_trace').on('plugin_logs').columns(['trace_id', 'time']);
  await index.where('trace_id', 'is not', null).execute();
}
