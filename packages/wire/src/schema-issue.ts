import { nearestName } from './nearest-name.ts';
import { pathOf, pointerOf } from './source-problem.ts';

/** One way in which a value is not what its schema asks for. Never holds the value itself, which may be secret. */
export interface SchemaIssue {
  /** The key that is wrong, missing or unknown. */
  readonly path: readonly string[];
  readonly message: string;
  readonly expected?: string;
  /** The allowed key or value that was most likely meant. */
  readonly nearest?: string;
  /** The keyword of JSON Schema that refused, where one did. */
  readonly keyword?: string;
}

/** More are not told of a value that a stranger sent. */
export const MOST_ISSUES = 100;

/** What is read of an error of Ajv, compiled with `verbose`. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Record<string, unknown>;
  readonly parentSchema?: unknown;
  readonly data?: unknown;
  /** Set in what refuses the name of a key. */
  readonly propertyName?: string;
  readonly message?: string | undefined;
}

type Schema = Readonly<Record<string, unknown>>;

/** Turns Ajv's errors into issues: one for each key, the alternatives of an `anyOf` as one, a key misspelt and missing as one. */
export function schemaIssues(errors: readonly SchemaError[]): SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  const seen = new Set<string>();
  for (const error of settleAlternatives(errors)) {
    const issue = issueOf(error);
    const key = pointerOf(issue.path);
    if (seen.has(key)) continue;
    seen.add(key);
    issues.push(issue);
  }
  const misspelt = new Set(
    issues.flatMap((issue) => (issue.nearest && isUnknownKey(issue) ? [pointerOf(meant(issue))] : [])),
  );
  return issues.filter((issue) => issue.keyword !== 'required' || !misspelt.has(pointerOf(issue.path)));
}

const isUnknownKey = (issue: SchemaIssue) =>
  issue.keyword === 'additionalProperties' || issue.keyword === 'unevaluatedProperties';
const meant = (issue: SchemaIssue) => [...issue.path.slice(0, -1), issue.nearest ?? ''];

/** Of the alternatives of an `anyOf` or `oneOf`, keeps the errors of the only one whose type fits, or else none but its own. */
function settleAlternatives(errors: readonly SchemaError[]): SchemaError[] {
  let kept = [...errors];
  for (const choice of errors) {
    if (choice.keyword !== 'anyOf' && choice.keyword !== 'oneOf') continue;
    const branches = new Map<string, SchemaError[]>();
    for (const error of kept) {
      if (!error.schemaPath.startsWith(`${choice.schemaPath}/`)) continue;
      const branch = error.schemaPath.slice(choice.schemaPath.length + 1).split('/', 1)[0] ?? '';
      branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const fitting = [...branches.values()].filter(
      (branch) => !branch.some((error) => error.keyword === 'type' && error.instancePath === choice.instancePath),
    );
    const [only] = fitting;
    const dropped = new Set([...branches.values()].flat());
    if (only !== undefined && fitting.length === 1) {
      for (const error of only) dropped.delete(error);
      dropped.add(choice);
    }
    kept = kept.filter((error) => !dropped.has(error));
  }
  return kept;
}

function issueOf(error: SchemaError): SchemaIssue {
  const { keyword, params } = error;
  const schema = (error.parentSchema ?? {}) as Schema;
  const path = pathOf(error.instancePath);
  const key =
    params.missingProperty ??
    params.additionalProperty ??
    params.unevaluatedProperty ??
    params.propertyName ??
    error.propertyName;
  if (typeof key === 'string') path.push(key);
  const name = path.length === 0 ? 'The document' : `"${path.join('.')}"`;
  switch (keyword) {
    case 'required': {
      const expected = expectedBy(properties(schema)[String(key)]);
      return { path, keyword, message: `${name} is missing.`, ...(expected && { expected }) };
    }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const names = Object.keys(properties(schema));
      const nearest = nearestName(String(key), names);
      const expected = names.length > 0 ? `one of ${names.join(', ')}` : 'no key here';
      return { path, keyword, message: `${name} is not a known key.`, expected, ...(nearest && { nearest }) };
    }
    case 'propertyNames':
      return { path, keyword, message: `${name} is not a valid key.` };
    case 'enum': {
      const nearest =
        typeof error.data === 'string' && Array.isArray(schema.enum)
          ? nearestName(
              error.data,
              schema.enum.filter((value) => typeof value === 'string'),
            )
          : undefined;
      return { path, keyword, ...refused(name, schema), ...(nearest && { nearest }) };
    }
    case 'not':
      return { path, keyword, message: `${name} has a value that is not allowed.` };
    default:
      return { path, keyword, ...refused(name, schema, error.message) };
  }
}

function refused(name: string, schema: Schema, message?: string): { message: string; expected?: string } {
  const expected = expectedBy(schema) ?? message?.replace(/^must (be )?/, '');
  return expected === undefined
    ? { message: `${name} is refused.` }
    : { message: `${name} must be ${expected}.`, expected };
}

const properties = (schema: Schema) => (schema.properties ?? {}) as Readonly<Record<string, unknown>>;

/** What a schema asks for, in a few words. */
export function expectedBy(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { type, enum: values, const: constant, anyOf, oneOf, pattern, format, examples, items } = schema as Schema;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return `one of ${values.map(printed).join(', ')}`;
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) {
    const texts = choices.map(expectedBy).filter((text) => text !== undefined);
    return texts.length > 0 ? [...new Set(texts)].slice(0, 3).join(', or ') : undefined;
  }
  const example = Array.isArray(examples) && examples.length > 0 ? `, such as ${printed(examples[0])}` : '';
  if (typeof format === 'string') return `a string in the format ${format}${example}`;
  if (typeof pattern === 'string') return `a string ${example ? example.slice(2) : `that matches ${pattern}`}`;
  const bounds = limits(schema as Schema);
  if (Array.isArray(type)) return `${type.map((one) => article(String(one))).join(' or ')}${bounds}`;
  if (type === 'array' && items !== undefined) return `a list${bounds}`;
  return typeof type === 'string' ? `${article(type)}${bounds}${example}` : undefined;
}

const BOUNDS: readonly (readonly [keyword: string, words: string])[] = [
  ['minimum', 'at least'],
  ['exclusiveMinimum', 'above'],
  ['maximum', 'at most'],
  ['exclusiveMaximum', 'below'],
  ['multipleOf', 'a multiple of'],
  ['minLength', 'of a length of at least'],
  ['maxLength', 'of a length of at most'],
  ['minItems', 'with a number of items of at least'],
  ['maxItems', 'with a number of items of at most'],
];

const limits = (schema: Schema): string =>
  BOUNDS.filter(([keyword]) => schema[keyword] !== undefined)
    .map(([keyword, words]) => ` ${words} ${schema[keyword]}`)
    .join(' and');

const printed = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const NAMES: Readonly<Record<string, string>> = {
  object: 'a map of keys',
  array: 'a list',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

const article = (type: string): string => NAMES[type] ?? `a ${type}`;
