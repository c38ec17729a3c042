import { METHODS } from 'node:http';
import { canonicalName } from '@backplane/base';
import type { MiddlewareCondition } from '@backplane/plugin-api';
import { matchesPattern, type PathPattern, parsePathPattern } from './path-pattern.ts';
import type { NameOf, RequestPath } from './request-path.ts';

/** A `when` that has been read: nothing in it can be wrong any more. */
export interface Condition {
  /** Canonical names or aliases; `undefined` where any plugin will do. */
  readonly plugins: readonly string[] | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly paths: readonly PathPattern[];
  /** As the author wrote it. */
  readonly written: MiddlewareCondition;
}

const KEYS: ReadonlySet<string> = new Set(['plugins', 'methods', 'paths'] satisfies (keyof MiddlewareCondition)[]);

/** Reads a `when`. A text, in its place, says what is wrong with it. */
export function parseCondition(when: MiddlewareCondition): Condition | string {
  if (typeof when !== 'object' || when === null) return '"when" must be an object';
  const stranger = Object.keys(when).find((key) => !KEYS.has(key));
  if (stranger !== undefined) return `"when" has no "${stranger}", only plugins, methods and paths`;
  for (const key of ['plugins', 'methods', 'paths'] as const) {
    const list: unknown = when[key];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.some((item) => typeof item !== 'string'))
      return `"${key}" must be a list of texts`;
    if (list.length === 0) return `"${key}" is empty, so that nothing would ever meet it`;
  }
  const plugins = when.plugins?.map(canonicalName);
  const misnamed = plugins?.find((name) => !/^[a-z][a-z0-9-]*$/.test(name));
  if (misnamed !== undefined) return `"${misnamed}" is not the name of a plugin`;
  const methods = when.methods?.map((method) => method.toUpperCase());
  const unknown = methods?.find((method) => !METHODS.includes(method));
  if (unknown !== undefined) return `"${unknown}" is not a method of HTTP`;
  const paths: PathPattern[] = [];
  for (const text of when.paths ?? []) {
    const pattern = parsePathPattern(text);
    if (typeof pattern === 'string') return `"${text}" is no pattern of paths: ${pattern}`;
    paths.push(pattern);
  }
  const written = Object.freeze(structuredClone(when));
  return { plugins, methods: methods && new Set(methods), paths, written };
}

/** Says whether a request meets a condition on method and path. */
export type Holds = (method: string, path: RequestPath) => boolean;

/**
 * Makes the test of a condition on method and path; `undefined` where every request meets it. What includes a path holds in every way in
 * which the path may be read, what excludes one only where all readings agree: a condition may be met too often, but never too seldom.
 */
export function compileCondition({ methods, paths }: Condition, nameOf: NameOf): Holds | undefined {
  const patterns = paths.map((pattern) => named(pattern, nameOf));
  const including = patterns.filter(({ excludes }) => !excludes).map(folded);
  const excluding = patterns.filter(({ excludes }) => excludes);
  const pathHolds: (path: RequestPath) => boolean = (path) =>
    (including.length === 0 ||
      including.some((pattern) => path.folded.some((reading) => matchesPattern(pattern, reading)))) &&
    !excluding.some((pattern) => path.readings.every((reading) => matchesPattern(pattern, reading)));
  // Routes for GET answer HEAD as well.
  const met = methods?.has('GET') ? new Set([...methods, 'HEAD']) : methods;
  if (patterns.length === 0) return met && ((method) => met.has(method));
  return met === undefined ? (_, path) => pathHolds(path) : (method, path) => met.has(method) && pathHolds(path);
}

/** Whether requests to this plugin can meet the condition; `undefined` for those that lead to none. */
export function concernsPlugin({ plugins }: Condition, plugin: string | undefined, nameOf: NameOf): boolean {
  if (plugins === undefined) return true;
  return plugin !== undefined && plugins.some((name) => nameOf(name) === plugin);
}

function named(pattern: PathPattern, nameOf: NameOf): PathPattern {
  const [first, ...rest] = pattern.segments;
  return first === undefined ? pattern : { ...pattern, segments: [nameOf(first), ...rest] };
}

function folded(pattern: PathPattern): PathPattern {
  return { ...pattern, segments: pattern.segments.map((segment) => segment?.toLowerCase()) };
}
