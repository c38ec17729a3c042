import validRange from 'semver/ranges/valid.js';
import check from '../schemas/plugin.validate.js';
import { errors } from './errors.ts';
import type { PluginManifest } from './manifest.ts';
import { refusedName } from './name-problem.ts';
import { type SchemaIssue, schemaIssues } from './schema-issue.ts';
import { type SourceProblem, sourceProblem } from './source-problem.ts';

/** How the one who asks says where a key stands and how it is called there. */
export interface ManifestPlaces {
  /** Completes the problem of the key (or keys) at this path. */
  place(path: readonly string[], hint?: string): Parameters<typeof sourceProblem>[1];
  /** The error for a key that does not fit the schema. */
  invalid(issue: string): Parameters<typeof sourceProblem>[0];
}

export type CheckedManifest =
  | { readonly manifest: PluginManifest; readonly problems: readonly [] }
  | { readonly manifest?: undefined; readonly problems: readonly SourceProblem[] };

/** Checks what a manifest says against its schema, and its ranges; everything that is wrong is reported at once. */
export function checkManifest(value: unknown, places: ManifestPlaces): CheckedManifest {
  if (!check(value)) {
    const problems = schemaIssues(check.errors ?? []).map((issue) => issueProblem(issue, value, places));
    return { problems };
  }
  const manifest = value as PluginManifest;
  const problems: SourceProblem[] = [];
  for (const { path, range } of rangesOf(manifest)) {
    if (range === '*' || validRange(range) !== null) continue;
    problems.push(sourceProblem(errors.BP_RANGE_INVALID({ key: path.join('.'), range }), places.place(path)));
  }
  return problems.length > 0 ? { problems } : { manifest, problems: [] };
}

function issueProblem(issue: SchemaIssue, value: unknown, places: ManifestPlaces): SourceProblem {
  const hint = issue.nearest === undefined ? undefined : `Did you mean "${issue.nearest}"?`;
  const place = places.place(issue.path, hint);
  const key = issue.path.join('.');
  const name = isNameKey(issue) ? nameAt(issue, value) : undefined;
  if (name !== undefined) return refusedName(name, key, place);
  return sourceProblem(places.invalid(issue.message), place);
}

const NAME_KEYS = new Set(['name', 'aliases', 'dependencies']);

const isNameKey = ({ path, keyword }: SchemaIssue) =>
  NAME_KEYS.has(path[0] ?? '') && (keyword === 'pattern' || keyword === 'not');

/** The name that is refused: the value at the path, or the key that ends the path. */
function nameAt({ path }: SchemaIssue, value: unknown): string | undefined {
  let at: unknown = value;
  let holder: unknown;
  for (const key of path) {
    holder = at;
    at = (at as Record<string, unknown> | undefined)?.[key];
  }
  const named = path[0] !== 'dependencies' || Array.isArray(holder) || path.length > 2;
  return named && typeof at === 'string' ? at : path.at(-1);
}

function* rangesOf(manifest: PluginManifest): Generator<{ path: string[]; range: string }> {
  if (manifest.backplane !== undefined) yield { path: ['backplane'], range: manifest.backplane };
  const { dependencies = [] } = manifest;
  if (!Array.isArray(dependencies)) {
    for (const [name, range] of Object.entries(dependencies)) yield { path: ['dependencies', name], range };
    return;
  }
  for (const [index, entry] of dependencies.entries()) {
    if (typeof entry === 'string') continue;
    for (const key of ['range', 'version'] as const) {
      const range = entry[key];
      if (range !== undefined) yield { path: ['dependencies', String(index), key], range };
    }
  }
}
