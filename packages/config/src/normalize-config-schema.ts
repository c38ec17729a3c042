import { type BackplaneError, isBackplaneError } from '@backplane/base';
import type { ConfigSchema } from '@backplane/plugin-api';
import {
  copyPlain,
  deepFreeze,
  type NormalizedSchema,
  normalizeSchema,
  type SchemaCheck,
} from '@backplane/wire/schema';
import type { ConfigValidator, ValidatorOptions } from './config-validator.ts';
import { errors } from './errors.ts';

/**
 * One validator for every form a schema may have: Standard Schema, JSON Schema, a map of properties. Nothing is compiled before the
 * first `validate`. Without a schema every value passes, frozen.
 * @throws BP_CONFIG_SCHEMA_INVALID for what is no schema in any form
 */
export function normalizeConfigSchema(
  schema: ConfigSchema | undefined,
  { coerce = false }: ValidatorOptions = {},
): ConfigValidator {
  if (schema === undefined) {
    return { jsonSchema: undefined, open: true, validate: async (value) => ({ value: deepFreeze(copyPlain(value)) }) };
  }
  let normalized: NormalizedSchema;
  try {
    normalized = normalizeSchema(schema);
  } catch (thrown) {
    throw configError(thrown);
  }
  let check: Promise<SchemaCheck> | undefined;
  return {
    jsonSchema: normalized.jsonSchema,
    async validate(value) {
      check ??= normalized.compile(coerce ? { coerce: 'text' } : {}).catch((thrown) => {
        throw configError(thrown);
      });
      const outcome = await (await check)(copyPlain(value));
      return outcome.issues === undefined ? { value: deepFreeze(copyPlain(outcome.value)) } : outcome;
    },
  };
}

function configError(thrown: unknown): unknown {
  if (!isBackplaneError(thrown, 'BP_SCHEMA_INVALID')) return thrown;
  const { reason } = (thrown as BackplaneError).details as { reason: string };
  return errors.BP_CONFIG_SCHEMA_INVALID({ reason }, { cause: thrown });
}
