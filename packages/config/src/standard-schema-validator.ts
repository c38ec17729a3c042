import { messageOf } from '@backplane/base';
import type { JsonSchema } from '@backplane/plugin-api';
import { nearestName, type SchemaIssue } from '@backplane/wire';
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { ConfigValidator } from './config-validator.ts';
import { copyPlain, deepFreeze, isPlainMap } from './plain-data.ts';

/** Checks with whatever library the schema was made with. */
export function standardSchemaValidator(schema: StandardSchemaV1): ConfigValidator {
  const jsonSchema = jsonSchemaOf(schema);
  return {
    jsonSchema,
    async validate(value) {
      try {
        const result = await schema['~standard'].validate(copyPlain(value));
        if (result.issues === undefined) return { value: deepFreeze(copyPlain(result.value)) };
        return { issues: result.issues.flatMap((issue) => issuesOf(issue, jsonSchema)) };
      } catch (thrown) {
        return { issues: [{ path: [], message: `The schema itself failed: ${messageOf(thrown)}` }] };
      }
    },
  };
}

/** Libraries that can say what they check as JSON Schema do so in one standard way; not every schema can be said. */
function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    return standard.jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}

function issuesOf(issue: StandardSchemaV1.Issue, jsonSchema: JsonSchema | undefined): SchemaIssue[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  // Zod names unknown keys beside the path of the map they are in.
  const { code, keys } = issue as { code?: unknown; keys?: unknown };
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [{ path, message: sentence(path, issue.message) }];
  const known = Object.keys(schemaAt(jsonSchema, path)?.properties ?? {});
  return keys.map(String).map((key) => {
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
