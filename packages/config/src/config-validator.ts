import type { JsonSchema } from '@backplane/plugin-api';
import type { SchemaIssue } from '@backplane/wire';

export type ValidationOutcome =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[]; readonly value?: undefined };

/** One way to check configuration, whatever its schema is written in. */
export interface ConfigValidator {
  /** What the schema says as JSON Schema (2020-12), where that can be known. */
  readonly jsonSchema: JsonSchema | undefined;
  /** True where there is no schema, and every key does. */
  readonly open?: boolean;
  /**
   * The value with defaults filled in, deeply frozen and sharing nothing with what was given; or everything that is wrong with it.
   * @throws BP_CONFIG_SCHEMA_INVALID
   */
  validate(value: unknown): Promise<ValidationOutcome>;
}

export interface ValidatorOptions {
  /**
   * Reads `"8080"` as a number where one is asked for. Only for values that come from the environment, which knows nothing but text.
   * Default false.
   */
  readonly coerce?: boolean;
}
