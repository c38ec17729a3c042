import { messageOf } from '@backplane/base';
import type { JsonSchema } from '@backplane/plugin-api';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { errors } from './errors.ts';
import { copyPlain } from './plain-data.ts';
import type { CheckOptions, SchemaCheck } from './schema-check.ts';
import { schemaIssues } from './schema-issue.ts';

/** Compiles a JSON Schema with Ajv: loading it and its meta-schema takes 70 ms, once. @throws BP_SCHEMA_INVALID */
export async function compileJsonSchema(schema: JsonSchema, options: CheckOptions): Promise<SchemaCheck> {
  const validate = await compile(schema, options);
  return (value) => {
    // Defaults and coerced values are put into the value itself; at the top there must be something to put them into.
    const holder = { value };
    const isValid = validate(value, {
      instancePath: '',
      parentData: holder,
      parentDataProperty: 'value',
      rootData: holder,
      dynamicAnchors: {},
    });
    return isValid ? holder : { issues: schemaIssues(validate.errors ?? []) };
  };
}

const compilers = new Map<string, Promise<Ajv2020>>();

async function compile(schema: JsonSchema, options: CheckOptions): Promise<ValidateFunction> {
  const key = JSON.stringify([options.coerce, options.defaults]);
  let compiler = compilers.get(key);
  if (compiler === undefined) {
    compiler = createCompiler(options);
    compilers.set(key, compiler);
  }
  const ajv = await compiler;
  const own = modern(schema);
  try {
    return ajv.compile(own);
  } catch (thrown) {
    throw errors.BP_SCHEMA_INVALID({ reason: messageOf(thrown) }, { cause: thrown });
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

async function createCompiler({ coerce, defaults = true }: CheckOptions): Promise<Ajv2020> {
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
    useDefaults: defaults,
    coerceTypes: coerce === 'lists' ? 'array' : coerce === 'text',
    ownProperties: true,
    code: { regExp: linearRegExp },
  });
  formats.default(ajv);
  ajv.addKeyword({ keyword: 'encrypted', schemaType: 'boolean' });
  return ajv;
}
