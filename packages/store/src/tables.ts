import type { ColumnType, Generated } from 'kysely';

/** A whole number that says yes (1) or no (0), on every database. */
export type Flag = 0 | 1;
/** Milliseconds since the epoch. */
export type Time = number;
/** JSON as text. */
export type Json = string;
/** Set when the row is made and never again. */
type Once<T> = ColumnType<T, T, never>;

/** `plugins`: every plugin that is known, whether it runs or not. */
export interface PluginsTable {
  readonly id: Generated<number>;
  /** Canonical. */
  readonly name: Once<string>;
  readonly display_name: string;
  readonly description: string;
  readonly version: string;
  readonly author: string;
  /** In lower case. */
  readonly plugin_type: string;
  readonly module_path: string | null;
  readonly entry_point: string | null;
  readonly config_schema: Json | null;
  readonly enabled: Flag;
  readonly created_at: Once<Time>;
  readonly updated_at: Time;
}

/** `plugin_configurations`: one key of one plugin. */
export interface PluginConfigurationsTable {
  readonly id: Generated<number>;
  readonly plugin_id: Once<number>;
  readonly key: string;
  /** JSON, or the id of a row of `secrets` where it is encrypted. */
  readonly value: string;
  readonly encrypted: Flag;
  readonly created_at: Once<Time>;
  readonly updated_at: Time;
}

/** `plugin_hooks`: which method answers which hook, lower priority first. */
export interface PluginHooksTable {
  readonly id: Generated<number>;
  readonly plugin_id: Once<number>;
  readonly hook_name: string;
  readonly hook_type: 'action' | 'filter' | 'event';
  readonly callback_method: string;
  readonly priority: number;
  readonly conditions: Json | null;
  readonly description: string;
  readonly active: Flag;
  readonly created_at: Once<Time>;
}

/** `plugin_dependencies`: what a plugin asks for, and whether it is there. */
export interface PluginDependenciesTable {
  readonly id: Generated<number>;
  readonly plugin_id: Once<number>;
  readonly depends_on: string;
  readonly version_range: string;
  readonly optional: Flag;
  readonly satisfied: Flag;
  readonly checked_at: Time;
}

/** `plugin_logs`: lines of the host and of plugins. A line outlives its plugin. */
export interface PluginLogsTable {
  readonly id: Generated<number>;
  readonly plugin: Once<string | null>;
  readonly namespace: Once<string>;
  readonly level: Once<string>;
  readonly message: Once<string>;
  readonly fields: Once<Json | null>;
  readonly trace_id: Once<string | null>;
  readonly time: Once<Time>;
}

/** `plugin_registry`: what can be installed. */
export interface PluginRegistryTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly version: string;
  readonly display_name: string;
  readonly description: string;
  readonly author: string;
  readonly plugin_type: string;
  readonly source: string;
  readonly digest: string | null;
  readonly published_at: Time;
}

/** `plugin_templates`: what a new plugin can be made from. */
export interface PluginTemplatesTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly plugin_type: string;
  /** A map from path to text. */
  readonly files: Json;
  readonly created_at: Once<Time>;
}

/** `revisions`: every desired state there ever was, whole. Rows are never changed. */
export interface RevisionsTable {
  readonly id: Generated<number>;
  readonly parent: Once<number | null>;
  readonly author: Once<string>;
  readonly comment: Once<string>;
  readonly state: Once<Json>;
  readonly created_at: Once<Time>;
}

/** `desired_state`: one row, which names the revision that is to run. */
export interface DesiredStateTable {
  readonly id: Once<1>;
  readonly revision: number;
  readonly updated_at: Time;
}

/** `operations`: changes that were asked for, and what became of them. */
export interface OperationsTable {
  readonly id: Once<string>;
  readonly kind: Once<string>;
  readonly status: 'waiting' | 'running' | 'applied' | 'returned' | 'failed';
  readonly requested_by: Once<string>;
  readonly result: Json | null;
  readonly created_at: Once<Time>;
  readonly finished_at: Time | null;
}

/** `idempotency_keys`: answers to writes, for whoever asks the same again. */
export interface IdempotencyKeysTable {
  readonly key: Once<string>;
  readonly request_digest: Once<string>;
  readonly status: number | null;
  readonly body: string | null;
  readonly etag: string | null;
  readonly created_at: Once<Time>;
}

/** `secrets`: values that desired states refer to, sealed. */
export interface SecretsTable {
  readonly id: Once<string>;
  /** What it is for; the envelope opens for nothing else. */
  readonly context: Once<string>;
  readonly envelope: string;
  readonly created_at: Once<Time>;
}

/** `audit`: who did what, each row of a node bound to the one before by its hash. Rows are never changed. */
export interface AuditTable {
  readonly node: Once<string>;
  /** From 1, without gaps. */
  readonly sequence: Once<number>;
  readonly time: Once<Time>;
  readonly actor: Once<string>;
  readonly origin: Once<string>;
  readonly action: Once<string>;
  readonly target: Once<string>;
  readonly before: Once<Json | null>;
  readonly after: Once<Json | null>;
  readonly previous_hash: Once<string>;
  readonly hash: Once<string>;
}

/** `audit_heads`: what was the last row of a node at some time, signed. The same is appended to a file outside. */
export interface AuditHeadsTable {
  readonly node: Once<string>;
  readonly sequence: Once<number>;
  readonly hash: Once<string>;
  readonly time: Once<Time>;
  readonly key_id: Once<string>;
  readonly signature: Once<string>;
}

/** `schema_migrations`: what the database has been through. */
export interface SchemaMigrationsTable {
  readonly version: Once<number>;
  readonly name: Once<string>;
  /** Programs that know this schema or a later one can use the database. */
  readonly min_compatible: Once<number>;
  readonly applied_at: Once<Time>;
}

/** The host's tables, by name. */
export interface Tables {
  readonly plugins: PluginsTable;
  readonly plugin_configurations: PluginConfigurationsTable;
  readonly plugin_hooks: PluginHooksTable;
  readonly plugin_dependencies: PluginDependenciesTable;
  readonly plugin_logs: PluginLogsTable;
  readonly plugin_registry: PluginRegistryTable;
  readonly plugin_templates: PluginTemplatesTable;
  readonly revisions: RevisionsTable;
  readonly desired_state: DesiredStateTable;
  readonly operations: OperationsTable;
  readonly idempotency_keys: IdempotencyKeysTable;
  readonly audit: AuditTable;
  readonly secrets: SecretsTable;
  readonly audit_heads: AuditHeadsTable;
  readonly schema_migrations: SchemaMigrationsTable;
}
