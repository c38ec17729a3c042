import type { JsonSchema } from '@backplane/plugin-api';
import { nearestName, pointerOf } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import type { PluginConfig } from './config-source.ts';
import type { ConfigValidator } from './config-validator.ts';
import { HOST_KEYS } from './host-settings.ts';
import { DEFAULT_ENVIRONMENTS } from './plugin-file.ts';

/** Keywords by which a schema may know keys that are not among its `properties`. */
const ELSEWHERE = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'patternProperties', 'dependentSchemas'];

/** Blocks of a plugin file. */
const BLOCKS: readonly string[] = ['default', ...DEFAULT_ENVIRONMENTS];
/** Shorter words are near too many others that a plugin may mean, as `rest` is to `test`. */
const SHORTEST_BLOCK = 7;

/** What the host was most likely to read in this key, which the plugin's schema does not know; `undefined` when nothing is near. */
export function nearestHostKey(key: string, { value, origins }: PluginConfig): string | undefined {
  const isBlock = isPlainMap(value[key]) && origins.get(pointerOf([key]))?.layer === 'default';
  const names = HOST_KEYS.map(({ key: known }) => known);
  return (isBlock ? nearestName(key, BLOCKS) : undefined) ?? nearestName(key, names);
}

/**
 * Keys that no schema refuses and that are still as good as certainly meant for the host: `enabld: false` would leave a plugin running. A
 * plural is the plugin's own, and so is whatever its schema knows, or may.
 */
export function misspeltHostKeys(
  configured: PluginConfig,
  validator: ConfigValidator,
): { readonly key: string; readonly nearest: string }[] {
  const known = knownKeys(validator);
  if (known === undefined) return [];
  return Object.keys(configured.value).flatMap((key) => {
    const nearest = known(key) ? undefined : nearestHostKey(key, configured);
    const sure = nearest !== undefined && key !== `${nearest}s` && isFor(nearest, configured.value[key]);
    return sure ? [{ key, nearest }] : [];
  });
}

function isFor(name: string, value: unknown): boolean {
  if (BLOCKS.includes(name)) return name.length >= SHORTEST_BLOCK;
  // Texts and maps may be anything.
  return (
    typeof value !== 'string' && !isPlainMap(value) && HOST_KEYS.some(({ key, fits }) => key === name && fits(value))
  );
}

function knownKeys({ jsonSchema, open }: ConfigValidator): ((key: string) => boolean) | undefined {
  if (open === true) return () => false;
  const { properties } = (jsonSchema ?? {}) as JsonSchema;
  if (!isPlainMap(properties) || ELSEWHERE.some((keyword) => Object.hasOwn(jsonSchema as object, keyword)))
    return undefined;
  return (key) => Object.hasOwn(properties, key);
}
