import { type BackplaneError, isBackplaneError } from '@backplane/base';
import type { JsonSchema } from '@backplane/plugin-api';
import { pathOf, placeName, type SchemaIssue, type SourceProblem } from '@backplane/wire';
import { copyPlain, isPlainMap, type PlainMap } from '@backplane/wire/schema';
import type { PluginConfig } from './config-source.ts';
import type { ConfigValidator } from './config-validator.ts';
import { errors } from './errors.ts';
import { placed } from './host-settings.ts';
import { misspeltHostKeys, nearestHostKey } from './misspelt-keys.ts';

/** One thing that is wrong with a plugin's configuration. Holds no value: it might be a secret. */
export interface ConfigIssue {
  readonly message: string;
  /** `file:line:column`, as far as known. */
  readonly place?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The key, as a path; empty for the whole. */
  readonly path: readonly string[];
  readonly expected?: string;
  /** The key or value most likely meant. */
  readonly nearest?: string;
}

export type ValidatedConfig =
  | { readonly config: unknown; readonly error?: undefined }
  /** BP_CONFIG_INVALID with every issue in `details.issues`, or BP_CONFIG_SCHEMA_INVALID. */
  | { readonly error: BackplaneError; readonly config?: undefined };

/** The frozen configuration of a plugin, or one error that lists everything wrong with it. */
export async function validatePluginConfig(
  configured: PluginConfig,
  validator: ConfigValidator,
): Promise<ValidatedConfig> {
  const issues: ConfigIssue[] = configured.problems.map(issueOfProblem);
  try {
    const value = withTexts(configured, validator);
    const outcome = await validator.validate({ ...value, ...namedHostKeys(configured, validator) });
    // A file that could not be read leaves keys missing, which is not what is wrong.
    if (configured.problems.length === 0) {
      const refused = (outcome.issues ?? []).map((issue) => withHostKey(issue, configured));
      issues.push(...[...refused, ...misspelt(configured, validator, refused)].map((one) => issueAt(one, configured)));
    }
    if (outcome.issues === undefined && issues.length === 0) return { config: outcome.value };
  } catch (thrown) {
    if (!isBackplaneError(thrown, 'BP_CONFIG_SCHEMA_INVALID')) throw thrown;
    return { error: thrown as BackplaneError };
  }
  return { error: errors.BP_CONFIG_INVALID({ plugin: configured.plugin, issues }) };
}

/** What an environment variable says is text where the schema asks for text, whatever it looks like. */
function withTexts({ value, texts }: PluginConfig, { jsonSchema }: ConfigValidator): PlainMap {
  const copy = copyPlain(value) as PlainMap;
  for (const [pointer, text] of texts) {
    const path = pathOf(pointer);
    if (schemaAt(jsonSchema, path)?.type !== 'string') continue;
    const last = path.pop() as string;
    let at: unknown = copy;
    for (const key of path) at = isPlainMap(at) ? at[key] : undefined;
    if (isPlainMap(at) && Object.hasOwn(at, last)) at[last] = text;
  }
  return copy;
}

function schemaAt(schema: JsonSchema | undefined, path: readonly string[]): JsonSchema | undefined {
  let at: unknown = schema;
  for (const key of path) at = isPlainMap(at) && isPlainMap(at.properties) ? at.properties[key] : undefined;
  return isPlainMap(at) ? (at as JsonSchema) : undefined;
}

/** An unknown key that is near to none of the schema's may have been meant for the host. */
function withHostKey(issue: SchemaIssue, configured: PluginConfig): SchemaIssue {
  const [key, ...deeper] = issue.path;
  const isUnknown = issue.keyword === 'additionalProperties' || issue.keyword === 'unevaluatedProperties';
  if (!isUnknown || issue.nearest !== undefined || key === undefined || deeper.length > 0) return issue;
  const nearest = nearestHostKey(key, configured);
  return nearest === undefined ? issue : { ...issue, nearest };
}

function misspelt(
  configured: PluginConfig,
  validator: ConfigValidator,
  refused: readonly SchemaIssue[],
): readonly SchemaIssue[] {
  const told = new Set(refused.map(({ path: [key] }) => key));
  return misspeltHostKeys(configured, validator)
    .filter(({ key }) => !told.has(key))
    .map(({ key, nearest }) => ({ path: [key], message: `"${key}" is not a known key.`, nearest }));
}

function namedHostKeys({ hostKeys }: PluginConfig, { jsonSchema }: ConfigValidator): PlainMap {
  const properties = jsonSchema?.properties ?? {};
  return Object.fromEntries(Object.entries(hostKeys).filter(([key]) => Object.hasOwn(properties, key)));
}

function issueOfProblem({ message, file, line, column }: SourceProblem): ConfigIssue {
  return {
    message,
    path: [],
    ...location({
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
    }),
  };
}

function issueAt({ path, message, expected, nearest }: SchemaIssue, { origins }: PluginConfig): ConfigIssue {
  return {
    message: nearest === undefined ? message : `${message} Did you mean "${nearest}"?`,
    path,
    ...location(placed(origins, path)),
    ...(expected !== undefined && { expected }),
    ...(nearest !== undefined && { nearest }),
  };
}

const location = (place: Pick<ConfigIssue, 'file' | 'line' | 'column'>) =>
  place.file === undefined ? {} : { ...place, place: placeName(place) };
