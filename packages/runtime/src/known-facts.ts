import type { Clock } from '@backplane/base';
import type { Kernel } from '@backplane/kernel';
import type { JsonSchema } from '@backplane/plugin-api';
import type {
  Catalogue,
  CataloguePlugin,
  JsonValue,
  KnownPluginFacts,
  PluginStatus,
  WantedState,
} from '@backplane/ports';
import satisfies from 'semver/functions/satisfies.js';
import type { SchemaBook } from './schema-book.ts';

export interface KnownFactsOptions {
  readonly kernel: Kernel;
  readonly catalogue: Catalogue;
  readonly schemas: SchemaBook;
  /** What is to run. */
  readonly state: () => WantedState;
  /** Other hosts know plugins that are not here. */
  readonly shared: boolean;
  readonly clock: Clock;
  readonly onFailed: (error: unknown) => void;
}

/** Changes are gathered for so long before rows follow them, unless somebody asks. */
const GATHER_MS = 200;

/** Makes the rows of plugins follow what is known of them: soon after each change, and before anybody reads them. */
export class KnownFacts {
  readonly #options: KnownFactsOptions;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: KnownFactsOptions) {
    this.#options = options;
  }

  /** Takes in what is known from before, of plugins that do not run yet. */
  async open(): Promise<void> {
    const { catalogue, schemas } = this.#options;
    for (const { name, configSchema } of await catalogue.plugins())
      if (configSchema !== undefined) schemas.note(name, configSchema as JsonSchema);
  }

  /** Something has changed. */
  changed(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    const { clock, onFailed } = this.#options;
    clock.after(GATHER_MS, () => void this.settled().catch(onFailed));
  }

  /** The catalogue, with rows as of now. */
  async read(): Promise<Catalogue> {
    await this.settled();
    return this.#options.catalogue;
  }

  async settled(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const { catalogue, kernel, shared } = this.#options;
    try {
      const before = new Map((await catalogue.plugins()).map((row) => [row.name, row]));
      const statuses = kernel.status().filter(({ state }) => state.phase !== 'stopped');
      const versions = new Map(
        statuses.map(({ name, version, state }) => [name, state.phase === 'running' ? version : undefined]),
      );
      const { plugins } = this.#options.state();
      await catalogue.sync(
        statuses.map((status) => this.#factsOf(status, before.get(status.name), versions)),
        (name) => shared || Object.hasOwn(plugins, name),
      );
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  #factsOf(
    status: PluginStatus,
    before: CataloguePlugin | undefined,
    versions: ReadonlyMap<string, string | undefined>,
  ): KnownPluginFacts {
    const { kernel, schemas, state } = this.#options;
    const { plugins } = state();
    const wanted = Object.hasOwn(plugins, status.name) ? plugins[status.name] : undefined;
    const { about = {}, code } = wanted ?? {};
    const data = kernel.dataOf(status.name);
    const module = code?.from === 'module' ? code : undefined;
    return {
      name: status.name,
      displayName: about.display_name ?? status.displayName,
      description: about.description ?? (status.description || before?.description || ''),
      version: status.version ?? about.version ?? before?.version ?? '',
      author: about.author ?? data?.author ?? before?.author ?? '',
      type: about.plugin_type ?? status.type,
      modulePath: module?.module_path,
      entryPoint: module?.entry_point,
      configSchema: about.config_schema ?? (schemas.of(status.name) as JsonValue | undefined),
      enabled: status.state.phase !== 'disabled',
      dependencies: data?.dependencies.map(({ name, range, optional }) => {
        const version = versions.get(name);
        const satisfied = version !== undefined && satisfies(version, range, { includePrerelease: true });
        return { name, range, optional, satisfied };
      }),
    };
  }
}
