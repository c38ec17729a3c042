import type { ConfigOrigin, PluginConfig } from '@backplane/config';
import type { JsonSchema } from '@backplane/plugin-api';
import { pathOf, pointerOf } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';

/** One value that a plugin is configured with. */
export interface ConfigurationValue {
  /** As a path: `pkd.urls.0`. */
  readonly key: string;
  /** `***` where the schema says `encrypted: true`, or the value was a reference or sealed. */
  readonly value: unknown;
  /** The layer that gave it, and where that is written; `schema` for a default of the plugin's own. */
  readonly origin: ConfigOrigin;
  /** Lower layers that set it as well, highest first. */
  readonly hidden: readonly ConfigOrigin[];
}

const HIDDEN = '***';

/** Every value of a configuration, secrets hidden. `config` is what the schema has made of it, where it has. */
export function configuredValues(
  configured: PluginConfig,
  schema: JsonSchema | undefined,
  config: unknown = configured.value,
): ConfigurationValue[] {
  const values: ConfigurationValue[] = [];
  const walk = (value: unknown, path: readonly string[], at: JsonSchema | undefined, hidden: boolean): void => {
    const pointer = pointerOf(path);
    const secret = hidden || at?.encrypted === true || configured.secrets.has(pointer);
    const children = Array.isArray(value)
      ? value.map((item, index) => [String(index), item] as const)
      : isPlainMap(value)
        ? Object.entries(value)
        : [];
    if (children.length > 0) {
      for (const [key, child] of children) walk(child, [...path, key], schemaOf(at, key), secret);
    } else if (path.length > 0) {
      const origin = configured.origins.get(pointer) ?? { layer: 'schema' };
      const lower = hiddenBelow(configured, pointer);
      values.push({ key: path.join('.'), value: secret ? HIDDEN : value, origin, hidden: lower });
    }
  };
  walk(config, [], schema, false);
  return values;
}

function hiddenBelow({ layers }: PluginConfig, pointer: string): ConfigOrigin[] {
  const setting = layers.filter(({ value }) => isSetIn(value, pathOf(pointer)));
  return setting
    .slice(0, -1)
    .reverse()
    .map(({ name, place }) => ({ layer: name, ...place?.(pointer) }));
}

function isSetIn(map: unknown, path: readonly string[]): boolean {
  let at = map;
  for (const key of path) {
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isPlainMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at !== undefined;
}

function schemaOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const { properties, items } = (schema ?? {}) as { readonly properties?: unknown; readonly items?: unknown };
  const own = isPlainMap(properties) && Object.hasOwn(properties, key) ? properties[key] : items;
  return isPlainMap(own) ? (own as JsonSchema) : undefined;
}
