import { canonicalName } from '@backplane/base';
import type { ConfigSchema, DatabaseMigration, Need, Needs, Plugin, PluginType } from '@backplane/plugin-api';
import type { NeedData, PluginData } from '@backplane/ports';
import validRange from 'semver/ranges/valid.js';
import { checkManifest } from './check-manifest.ts';
import { errors } from './errors.ts';
import type { PluginManifest } from './manifest.ts';
import { type ManifestSource, manifestPlace } from './manifest-source.ts';
import { aliasNames, comparable, dependencyData } from './manifest-values.ts';
import { migrationData } from './migration-data.ts';
import { placeName, type SourceProblem, sourceProblem } from './source-problem.ts';
import { pathInCode, STATED_KEYS, statedMetadata } from './stated-metadata.ts';

export interface ResolveOptions {
  /** The checked `plugin.yaml` beside the code, where there is one. */
  readonly manifest?: ManifestSource | undefined;
  /** The file of the code, named in problems with what the code states. */
  readonly file?: string | undefined;
  /** The name where neither manifest nor code states one. */
  readonly fallbackName?: string | undefined;
}

export type ResolvedPluginData =
  | { readonly data: PluginData; readonly problems: readonly [] }
  | { readonly data?: undefined; readonly problems: readonly SourceProblem[] };

/**
 * Everything known of a plugin, from its code and its manifest, with every default filled in: what either states holds, and what both
 * state must agree. All problems come at once, as data; then there is no `data`.
 */
export function resolvePluginData(plugin: Plugin, options: ResolveOptions = {}): ResolvedPluginData {
  const { manifest: source, file } = options;
  const written = source?.manifest;
  const name = String(plugin.name ?? written?.name ?? options.fallbackName ?? 'unnamed');
  const place = (hint?: string) => ({ file, hint });
  const invalid = (issue: string) => errors.BP_METADATA_INVALID({ plugin: name, issue });

  const gaps = { name: written?.name ?? options.fallbackName, version: written?.version };
  const known = Object.fromEntries(Object.entries(gaps).filter(([, value]) => value !== undefined));
  const { manifest: stated, problems: refused } = checkManifest(
    { ...known, ...statedMetadata(plugin) },
    { invalid, place: (path, hint) => place(hint ?? hintFor(path)) },
  );
  const needs = needData(plugin.needs);
  const migrations = migrationData(plugin.migrations);
  const problems: SourceProblem[] = [
    ...refused,
    ...[...needs.broken, ...migrations.broken].map((issue) => sourceProblem(invalid(issue), place())),
    ...(stated && source ? disagreements(stated, plugin.config, source) : []),
  ];
  if (stated === undefined || problems.length > 0) return { problems };
  return {
    data: pluginData(
      { ...written, ...stated, limits: { ...written?.limits, ...stated.limits } },
      plugin,
      needs.data,
      migrations.data,
    ),
    problems: [],
  };
}

/** Says what a misplaced key of the manifest is called in code. */
function hintFor(path: readonly string[]): string | undefined {
  const inCode = pathInCode(path).join('.');
  return inCode === path.join('.') ? undefined : `In code it is called "${inCode}".`;
}

function pluginData(
  known: PluginManifest,
  plugin: Plugin,
  needs: readonly NeedData[],
  migrations: readonly DatabaseMigration[],
): PluginData {
  const name = canonicalName(known.name);
  const { limits = {} } = known;
  return Object.freeze({
    name,
    version: known.version,
    displayName: known.display_name ?? name,
    description: known.description ?? '',
    author: known.author ?? '',
    license: known.license ?? '',
    aliases: aliasNames(name, known.aliases),
    kinds: [...new Set(known.kinds)],
    type: (known.plugin_type?.toLowerCase() ?? 'custom') as PluginType,
    phase: known.phase ?? 'business',
    priority: known.priority ?? 100,
    dependencies: dependencyData(known.dependencies),
    needs,
    provides: [...new Set(known.provides)],
    replace: known.replace ?? 'beside',
    limits: {
      initialize: limits.initialize_ms ?? 30_000,
      start: limits.start_ms ?? 30_000,
      stop: limits.stop_ms ?? 10_000,
      health: limits.health_ms ?? 5_000,
      reconfigure: limits.reconfigure_ms ?? 10_000,
      drain: limits.drain_ms ?? 30_000,
    },
    metricsPrefix: known.metrics_prefix ?? name.replaceAll('-', '_'),
    mounted: true,
    autoLoad: true,
    migrations,
    config: plugin.config ?? (known.config_schema as ConfigSchema | undefined),
  });
}

function needData(needs: Needs | undefined): { data: NeedData[]; broken: string[] } {
  const data: NeedData[] = [];
  const broken: string[] = [];
  if (needs === undefined) return { data, broken };
  if (typeof needs !== 'object' || needs === null) return { data, broken: ['needs must be a map of services.'] };
  for (const [key, need] of Object.entries<Need | undefined>(needs)) {
    const ref = need?.kind === 'service' ? need : need?.ref;
    if (need === undefined || typeof ref?.id !== 'string' || ref.id === '') {
      broken.push(`needs.${key} must be service(…), optional(service(…)) or lazy(service(…)).`);
      continue;
    }
    const range = ref.range ?? '*';
    if (range !== '*' && validRange(range) === null)
      broken.push(`needs.${key} asks for "${range}", which is no semver range.`);
    data.push({ key, serviceId: ref.id, range, mode: need.kind === 'service' ? 'required' : need.kind });
  }
  return { data, broken };
}

/** What manifest and code both state, and not the same. Free text counts: two sources that differ mislead somebody. */
function disagreements(
  stated: PluginManifest,
  config: ConfigSchema | undefined,
  source: ManifestSource,
): SourceProblem[] {
  const { manifest } = source;
  const problems: SourceProblem[] = [];
  const compare = (path: readonly string[], written: unknown, coded: unknown) => {
    if (written === undefined || coded === undefined || sameJson(written, coded)) return;
    const place = manifestPlace(source, path);
    const where = placeName({ file: source.file, ...place.position });
    const key = path.join('.');
    problems.push(
      sourceProblem(
        errors.BP_MANIFEST_MISMATCH({ key, manifest: printed(written), code: printed(coded), where }),
        place,
      ),
    );
  };
  for (const key of Object.values(STATED_KEYS)) {
    if (manifest[key] === undefined || stated[key] === undefined) continue;
    if (key !== 'limits') {
      compare([key], comparable(key, manifest), comparable(key, stated));
      continue;
    }
    for (const [limit, milliseconds] of Object.entries(manifest.limits ?? {}))
      compare([key, limit], milliseconds, stated.limits?.[limit as keyof typeof stated.limits]);
  }
  // A schema made of functions says nothing that could be compared; the code's then holds.
  if (typeof config === 'object' && config !== null && !('~standard' in config))
    compare(['config_schema'], manifest.config_schema, config);
  return problems;
}

const printed = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
};

/** Equal as JSON, whatever the order of keys. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key as keyof typeof a], b[key as keyof typeof b]))
  );
}
