export { copyPlain, deepFreeze, isPlainMap, type PlainMap } from './plain-data.ts';
export {
  type CheckOptions,
  type NormalizedSchema,
  normalizeSchema,
  type SchemaCheck,
  type SchemaOutcome,
} from './schema-check.ts';
