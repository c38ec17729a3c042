import type { DatabaseDialect } from '@backplane/plugin-api';

/** What begins a statement that authors may make. */
export const VERBS: Readonly<Record<DatabaseDialect, ReadonlySet<string>>> = {
  libsql: new Set([
    'select',
    'values',
    'insert',
    'replace',
    'update',
    'delete',
    'create',
    'alter',
    'drop',
    'analyze',
    'reindex',
  ]),
  postgres: new Set([
    'select',
    'values',
    'insert',
    'update',
    'delete',
    'merge',
    'truncate',
    'create',
    'alter',
    'drop',
    'comment',
    'analyze',
  ]),
};

/** What gives rows and changes nothing. */
export const READS: ReadonlySet<string> = new Set(['select', 'values']);

/** What may follow `create`, `alter`, `drop` and `comment on`. */
export const OBJECTS: Readonly<Record<DatabaseDialect, ReadonlySet<string>>> = {
  libsql: new Set(['table', 'index', 'view', 'trigger']),
  postgres: new Set(['table', 'index', 'view', 'materialized', 'sequence', 'type', 'domain', 'column', 'constraint']),
};

/** Words between the verb and its object. */
export const BEFORE_OBJECT: Readonly<Record<DatabaseDialect, ReadonlySet<string>>> = {
  libsql: new Set(['temp', 'temporary', 'unique']),
  // Not `temp`: temporary tables would meet other plugins on the connections that all share.
  postgres: new Set(['or', 'replace', 'unlogged', 'unique', 'recursive', 'on']),
};

/**
 * Functions that reach files, settings, other sessions, or run SQL that nobody has read. Of libSQL, a test holds every function that the
 * driver brings against this list and the next.
 */
export const CLOSED_FUNCTIONS: Readonly<Record<DatabaseDialect, ReadonlySet<string>>> = {
  libsql: new Set([
    'readfile',
    'writefile',
    'lsmode',
    'load_extension',
    'fts3_tokenizer',
    'sha3_query',
    'sqlite_log',
    'sqlite_crypt',
    'sqlite3mc_config',
    'sqlite3mc_config_table',
    'sqlite3mc_codec_data',
    'sqlite3mc_version',
    'fts5',
    'fts5_source_id',
    'optimize',
    'snippet',
    'offsets',
    'matchinfo',
    'highlight',
    'bm25',
    'rtreecheck',
    'rtreenode',
    'rtreedepth',
    'libsql_vector_idx',
    'geopoly_debug',
  ]),
  postgres: new Set([
    'set_config',
    'query_to_xml',
    'query_to_xmlschema',
    'query_to_xml_and_xmlschema',
    'cursor_to_xml',
    'cursor_to_xmlschema',
    'ts_stat',
    'ts_rewrite',
    'lo_import',
    'lo_export',
    'lo_creat',
    'lo_create',
    'lo_from_bytea',
    'dblink',
    'dblink_exec',
    'crosstab',
  ]),
};

/** Functions of PostgreSQL that are closed by how their names begin. */
export const CLOSED_PREFIXES: readonly string[] = ['pg_', 'dblink_', 'lo_', 'crosstab'];
/** And those that are open nevertheless. */
export const OPEN_FUNCTIONS: ReadonlySet<string> = new Set(['pg_typeof', 'pg_column_size', 'pg_get_serial_sequence']);

/** Tables of libSQL that are no tables: files, raw pages, other statements, settings. */
export const CLOSED_TABLES: ReadonlySet<string> = new Set([
  'fsdir',
  'sqlite_dbpage',
  'sqlite_stmt',
  'dbstat',
  'carray',
  'fts3tokenize',
  'fts4aux',
  'fts5vocab',
  'vector_top_k',
]);
/** Settings that only tell what the author's own tables look like. */
export const OPEN_PRAGMAS: ReadonlySet<string> = new Set([
  'pragma_table_info',
  'pragma_table_xinfo',
  'pragma_table_list',
  'pragma_index_list',
  'pragma_index_info',
  'pragma_index_xinfo',
  'pragma_foreign_key_list',
]);
