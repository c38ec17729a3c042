import type { JsonSchema } from '@backplane/plugin-api';

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True where a schema says `encrypted: true` of the value at a path, of what it lies in, or of something within it. */
export function isEncrypted(schema: JsonSchema | undefined, path: readonly string[]): boolean {
  let at: unknown = schema;
  for (const key of path) {
    if (!isMap(at)) return false;
    if (at.encrypted === true) return true;
    const { properties, items, additionalProperties } = at;
    const own = isMap(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
    at = own ?? (isMap(items) ? items : additionalProperties);
  }
  return holdsEncrypted(at);
}

/** Whatever the words of the schema are: rather one value sealed too many than one too few. */
function holdsEncrypted(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(holdsEncrypted);
  if (!isMap(schema)) return false;
  return schema.encrypted === true || Object.values(schema).some(holdsEncrypted);
}
