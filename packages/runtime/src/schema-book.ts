import { normalizeConfigSchema } from '@backplane/config';
import type { Kernel } from '@backplane/kernel';
import type { JsonSchema } from '@backplane/plugin-api';
import type { PluginData } from '@backplane/ports';

/** The schemas of plugins' configuration as JSON Schema, made once for each version of a plugin. */
export class SchemaBook {
  readonly #kernel: Pick<Kernel, 'knows' | 'dataOf'>;
  readonly #schemas = new WeakMap<PluginData, JsonSchema | undefined>();
  /** Of plugins that do not run: what was known of them last. */
  readonly #last = new Map<string, JsonSchema>();

  constructor(kernel: Pick<Kernel, 'knows' | 'dataOf'>) {
    this.#kernel = kernel;
  }

  /** `undefined` where there is none, or it cannot be known. */
  of(plugin: string): JsonSchema | undefined {
    const data = this.#kernel.knows(plugin) ? this.#kernel.dataOf(plugin) : undefined;
    if (data === undefined) return this.#last.get(plugin);
    if (!this.#schemas.has(data)) this.#schemas.set(data, schemaOf(data));
    const schema = this.#schemas.get(data);
    if (schema !== undefined) this.#last.set(plugin, schema);
    return schema;
  }

  /** What is known of a plugin from before, until it runs. */
  note(plugin: string, schema: JsonSchema): void {
    if (!this.#last.has(plugin)) this.#last.set(plugin, schema);
  }
}

function schemaOf({ config }: PluginData): JsonSchema | undefined {
  try {
    return normalizeConfigSchema(config).jsonSchema;
  } catch {
    // Whoever configures the plugin is told.
    return undefined;
  }
}
