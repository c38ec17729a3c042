import { messageOf } from '@backplane/base';
import type { JsonSchema } from '@backplane/plugin-api';
import { schemaIssues } from '@backplane/wire';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import type { ConfigValidator, ValidatorOptions } from './config-validator.ts';
import { errors } from './errors.ts';
import { copyPlain, deepFreeze } from './plain-data.ts';

/** Checks with Ajv, compiled at the first use: loading Ajv and its meta-schema takes 70 ms, once. */
export function jsonSchemaValidator(jsonSchema: JsonSchema, { coerce = false }: ValidatorOptions): ConfigValidator {
  let check: Promise<ValidateFunction> | undefined;
  return {
    jsonSchema,
    async validate(value) {
      check ??= compile(jsonSchema, coerce);
      const validate = await check;
      const copy = copyPlain(value);
      if (validate(copy)) return { value: deepFreeze(copy) };
      return { issues: schemaIssues(validate.errors ?? []) };
    },
  };
}

const compilers = new Map<boolean, Promise<Ajv2020>>();

async function compile(schema: JsonSchema, coerce: boolean): Promise<ValidateFunction> {
  let compiler = compilers.get(coerce);
  if (compiler === undefined) {
    compiler = createCompiler(coerce);
    compilers.set(coerce, compiler);
  }
  const ajv = await compiler;
  const own = modern(schema);
  try {
    return ajv.compile(own);
  } catch (thrown) {
    throw errors.BP_CONFIG_SCHEMA_INVALID({ reason: messageOf(thrown) }, { cause: thrown });
  } finally {
    // Ajv would keep each version of each plugin's schema, and refuse the `$id` of the next.
    ajv.removeSchema(own);
    if (typeof own.$id === 'string') ajv.removeSchema(own.$id);
  }
}

/** A copy that is read as 2020-12 also when it says that it is older. */
function modern(schema: JsonSchema): JsonSchema {
  const { $schema, ...rest } = copyPlain(schema) as JsonSchema;
  return typeof $schema === 'string' && !$schema.startsWith('http://json-schema.org/') ? { $schema, ...rest } : rest;
}

async function createCompiler(coerce: boolean): Promise<Ajv2020> {
  const [{ Ajv2020 }, { default: formats }, { linearRegExp }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
    import('./linear-regexp.ts'),
  ]);
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: false,
    logger: false,
    useDefaults: true,
    coerceTypes: coerce,
    ownProperties: true,
    code: { regExp: linearRegExp },
  });
  formats.default(ajv);
  ajv.addKeyword({ keyword: 'encrypted', schemaType: 'boolean' });
  return ajv;
}
