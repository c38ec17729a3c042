import { messageOf } from '@backplane/base';
import type { JsonSchema } from '@backplane/plugin-api';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { errors } from './errors.ts';
import { copyPlain, isPlainMap, type PlainMap } from './plain-data.ts';
import type { CheckOptions, SchemaCheck } from './schema-check.ts';
import { MOST_ISSUES, schemaIssues } from './schema-issue.ts';

/** More parts than this, and listing all that is wrong with a stranger's value could take too long. */
const MOST_PARTS = 2000;

/** Compiles a JSON Schema with Ajv: loading it and its meta-schema takes 70 ms, once, and a schema about 1 ms. @throws BP_SCHEMA_INVALID */
export async function compileJsonSchema(schema: JsonSchema, options: CheckOptions): Promise<SchemaCheck> {
  const { bounded = false } = options;
  const first = await compile(schema, { ...options, all: !bounded });
  let all: Promise<ValidateFunction> | undefined;
  const inherits = INHERITED.test(JSON.stringify(schema));
  const outcome = (holder: { value: unknown }) => (inherits ? { value: copyPlain(holder.value) } : holder);
  return (given) => {
    const value = inherits ? bare(given) : given;
    // Defaults and coerced values are put into the value itself; at the top there must be something to put them into.
    const holder = { value };
    if (run(first, holder)) return outcome(holder);
    if (!bounded || isLarge(value)) return { issues: schemaIssues(first.errors ?? []) };
    all ??= compile(schema, { ...options, all: true });
    return all.then((validate) =>
      run(validate, holder) ? outcome(holder) : { issues: schemaIssues(validate.errors ?? []).slice(0, MOST_ISSUES) },
    );
  };
}

/** A key that every object inherits, such as `constructor`: Ajv takes what is inherited for the value, where the key has a default. */
const INHERITED = new RegExp(
  `"(?:${Object.getOwnPropertyNames(Object.prototype)
    .filter((name) => name !== '__proto__')
    .join('|')})":`,
);

/** A copy whose maps inherit nothing. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (!isPlainMap(value)) return value;
  const copy: PlainMap = Object.create(null);
  for (const key of Object.keys(value)) if (key !== '__proto__') copy[key] = bare(value[key]);
  return copy;
}

function run(validate: ValidateFunction, holder: { readonly value: unknown }): boolean {
  return validate(holder.value, {
    instancePath: '',
    parentData: holder,
    parentDataProperty: 'value',
    rootData: holder,
    dynamicAnchors: {},
  });
}

function isLarge(value: unknown): boolean {
  const waiting: unknown[] = [value];
  for (let parts = 0; waiting.length > 0; parts++) {
    if (parts + waiting.length > MOST_PARTS) return true;
    const part = waiting.pop();
    if (typeof part === 'object' && part !== null) {
      for (const key in part) {
        waiting.push((part as Record<string, unknown>)[key]);
        if (waiting.length > MOST_PARTS) return true;
      }
    }
  }
  return false;
}

interface CompilerOptions extends CheckOptions {
  /** Whether a check goes on behind the first error. */
  readonly all: boolean;
}

/** Each schema has a compiler of its own: Ajv keeps every function it has ever made, and with it each version of each plugin's schema. */
async function compile(schema: JsonSchema, options: CompilerOptions): Promise<ValidateFunction> {
  tools ??= loadTools();
  const { createCompiler, dialect } = await tools;
  const own = modern(schema);
  try {
    dialect.validateSchema(own, true);
    return createCompiler(options, META_SCHEMA.test(JSON.stringify(own))).compile(own);
  } catch (thrown) {
    throw errors.BP_SCHEMA_INVALID({ reason: messageOf(thrown) }, { cause: thrown });
  }
}

/** In a schema of schemas. */
const META_SCHEMA = /"\$(?:dynamicRef|ref)":"https:\/\/json-schema\.org\//;

/** A copy that is read as 2020-12 also when it says that it is older. */
function modern(schema: JsonSchema): JsonSchema {
  const { $schema, ...rest } = copyPlain(schema) as JsonSchema;
  return typeof $schema === 'string' && !$schema.startsWith('http://json-schema.org/') ? { $schema, ...rest } : rest;
}

let tools: ReturnType<typeof loadTools> | undefined;

async function loadTools() {
  const [{ Ajv2020 }, { default: formats }, { linearRegExp }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
    import('./linear-regexp.ts'),
  ]);
  /** `meta`: knows the meta-schema, which takes 30 ms. */
  const createCompiler = ({ coerce, defaults = true, all }: CompilerOptions, meta: boolean): Ajv2020 => {
    const ajv = new Ajv2020({
      allErrors: all,
      verbose: true,
      strict: false,
      // JSON has no infinity, and YAML has one.
      strictNumbers: true,
      logger: false,
      useDefaults: defaults,
      coerceTypes: coerce === 'lists' ? 'array' : coerce === 'text',
      ownProperties: true,
      code: { regExp: linearRegExp },
      meta,
      validateSchema: false,
    });
    formats.default(ajv);
    ajv.addKeyword({ keyword: 'encrypted', schemaType: 'boolean' });
    return ajv;
  };
  return { createCompiler, dialect: createCompiler({ all: true }, true) };
}
