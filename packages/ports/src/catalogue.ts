import type { JsonValue } from './desired-state.ts';

/** A plugin as it is known, whether it runs or not. Times are milliseconds since the epoch. */
export interface CataloguePlugin {
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly version: string;
  readonly author: string;
  /** In lower case. */
  readonly type: string;
  readonly modulePath: string | undefined;
  readonly entryPoint: string | undefined;
  readonly configSchema: JsonValue | undefined;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What is known of a plugin before it has a number. */
export type KnownPluginFacts = Omit<CataloguePlugin, 'id' | 'createdAt' | 'updatedAt'> & {
  /** `undefined` where they are not known now: then those known before stay. */
  readonly dependencies: readonly KnownDependency[] | undefined;
};

export interface KnownDependency {
  readonly name: string;
  /** Semver range. */
  readonly range: string;
  readonly optional: boolean;
  readonly satisfied: boolean;
}

/** One key of one plugin that was set by somebody. `secret` where its value lies sealed. */
export interface CatalogueConfiguration {
  readonly id: number;
  readonly key: string;
  readonly value: JsonValue | undefined;
  readonly secret: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface CatalogueHook {
  readonly id: number;
  readonly hookName: string;
  readonly hookType: 'action' | 'filter' | 'event';
  readonly callbackMethod: string;
  readonly priority: number;
  readonly conditions: JsonValue;
  readonly description: string;
  readonly active: boolean;
  readonly createdAt: number;
}

export interface RegistryEntry {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly displayName: string;
  readonly description: string;
  readonly author: string;
  readonly type: string;
  readonly source: string;
  readonly digest: string | undefined;
  readonly publishedAt: number;
}

export interface PluginTemplate {
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly type: string;
  /** From path to text. */
  readonly files: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

/** Rows from the one after `after`, in order of their numbers. */
export interface Page {
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Reads and keeps the rows of the plugin tables. What is desired is not written here, but follows each revision. */
export interface Catalogue {
  /** Makes the rows those of all plugins that are known, and of others that are to be kept. Ids stay; those of plugins that are gone never come again. */
  sync(plugins: readonly KnownPluginFacts[], keep: (name: string) => boolean): Promise<void>;
  /** By name. */
  plugins(): Promise<readonly CataloguePlugin[]>;
  /** By number or canonical name. */
  plugin(idOrName: number | string): Promise<CataloguePlugin | undefined>;
  configurations(plugin: number): Promise<readonly CatalogueConfiguration[]>;
  hooks(plugin: number): Promise<readonly CatalogueHook[]>;
  dependencies(plugin: number): Promise<readonly KnownDependency[]>;
  /** Of every plugin the names of those it depends on. */
  dependencyGraph(): Promise<ReadonlyMap<string, readonly string[]>>;
  registry(
    page: Page & { readonly type?: string | undefined; readonly search?: string | undefined },
  ): Promise<readonly RegistryEntry[]>;
  templates(page: Page & { readonly type?: string | undefined }): Promise<readonly PluginTemplate[]>;
  /** @throws BP_TEMPLATE_EXISTS */
  addTemplate(template: Omit<PluginTemplate, 'id' | 'createdAt'>): Promise<PluginTemplate>;
}

/** What became of a write that was asked for once, for whoever asks again. */
export interface StoredAnswer {
  /** Of what was asked for. */
  readonly digest: string;
  /** `undefined` while it is under way. */
  readonly answer: { readonly status: number; readonly body: string; readonly etag: string | undefined } | undefined;
}

/** Answers by the key that a client gave with its request. */
export interface AnswerBook {
  /** Claims the key, or gives what stands under it. */
  claim(key: string, digest: string): Promise<StoredAnswer | undefined>;
  keep(key: string, answer: NonNullable<StoredAnswer['answer']>): Promise<void>;
  /** Lets go of a key whose request came to nothing. */
  release(key: string): Promise<void>;
  /** Forgets what is older than this, and whatever was under way when the host died. */
  sweep(before: number): Promise<void>;
}

/** A change that was asked for, and what became of it. */
export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly status: 'waiting' | 'running' | 'applied' | 'returned' | 'failed';
  readonly requestedBy: string;
  readonly result: JsonValue | undefined;
  readonly createdAt: number;
  readonly finishedAt: number | undefined;
}

export interface OperationBook {
  add(operation: Pick<Operation, 'id' | 'kind' | 'requestedBy'>): Promise<Operation>;
  finish(id: string, status: 'applied' | 'returned' | 'failed', result: JsonValue): Promise<void>;
  get(id: string): Promise<Operation | undefined>;
  /** Newest first. */
  list(limit: number): Promise<readonly Operation[]>;
  /** Those under way have ended with the host that made them. */
  endAbandoned(): Promise<void>;
}
