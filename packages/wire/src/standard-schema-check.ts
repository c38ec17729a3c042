import { messageOf } from '@backplane/base';
import type { ConfigSchema, JsonSchema } from '@backplane/plugin-api';
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { nearestName } from './nearest-name.ts';
import { isPlainMap } from './plain-data.ts';
import type { SchemaCheck, SchemaOutcome } from './schema-check.ts';
import { MOST_ISSUES, type SchemaIssue } from './schema-issue.ts';

export function isStandardSchema(schema: ConfigSchema): schema is StandardSchemaV1 {
  const standard = (schema as Partial<StandardSchemaV1>)['~standard'];
  return typeof standard?.validate === 'function';
}

/** Libraries that can say what they check as JSON Schema do so in one standard way; not every schema can be said. */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    return standard.jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}

/** Checks with whatever library the schema was made with. `jsonSchema` helps to say what is wrong. */
export function standardSchemaCheck(
  schema: StandardSchemaV1,
  jsonSchema: JsonSchema | undefined,
  bounded = false,
): SchemaCheck {
  const most = bounded ? MOST_ISSUES : Number.POSITIVE_INFINITY;
  const outcomeOf = (result: StandardSchemaV1.Result<unknown>): SchemaOutcome =>
    result.issues === undefined ? { value: result.value } : { issues: firstOf(most, result.issues, jsonSchema) };
  const failed = (thrown: unknown): SchemaOutcome => ({
    issues: [{ path: [], message: `The schema itself failed: ${messageOf(thrown)}` }],
  });
  return (value) => {
    try {
      const result = schema['~standard'].validate(value);
      return result instanceof Promise ? result.then(outcomeOf).catch(failed) : outcomeOf(result);
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

function firstOf(
  most: number,
  issues: readonly StandardSchemaV1.Issue[],
  jsonSchema: JsonSchema | undefined,
): SchemaIssue[] {
  const first: SchemaIssue[] = [];
  for (const issue of issues) {
    if (first.length >= most) break;
    first.push(...issuesOf(issue, jsonSchema, most - first.length));
  }
  return first;
}

function issuesOf(issue: StandardSchemaV1.Issue, jsonSchema: JsonSchema | undefined, most: number): SchemaIssue[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  // Zod names unknown keys beside the path of the map they are in.
  const { code, keys } = issue as { code?: unknown; keys?: unknown };
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [{ path, message: sentence(path, issue.message) }];
  const known = Object.keys(schemaAt(jsonSchema, path)?.properties ?? {});
  return keys.slice(0, most).map((unknown) => {
    const key = String(unknown);
    const nearest = nearestName(key, known);
    const full = [...path, key];
    return {
      path: full,
      message: `"${full.join('.')}" is not a known key.`,
      ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
      ...(nearest !== undefined && { nearest }),
    };
  });
}

const sentence = (path: readonly string[], message: string) =>
  path.length === 0 ? message : `"${path.join('.')}": ${message}`;

function schemaAt(schema: JsonSchema | undefined, path: readonly string[]): JsonSchema | undefined {
  let at = schema;
  for (const key of path) {
    const items = isPlainMap(at?.items) ? (at.items as JsonSchema) : undefined;
    at = isPlainMap(at?.properties) ? (at.properties[key] as JsonSchema | undefined) : items;
  }
  return at;
}
