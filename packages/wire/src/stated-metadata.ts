import type { Plugin, PluginMetadata, StepLimits } from '@backplane/plugin-api';

/** The keys of a manifest that code can state too, and what they are called there. */
export const STATED_KEYS = {
  name: 'name',
  version: 'version',
  displayName: 'display_name',
  description: 'description',
  author: 'author',
  license: 'license',
  aliases: 'aliases',
  kinds: 'kinds',
  type: 'plugin_type',
  phase: 'phase',
  priority: 'priority',
  dependencies: 'dependencies',
  provides: 'provides',
  replace: 'replace',
  limits: 'limits',
  metricsPrefix: 'metrics_prefix',
} as const satisfies Record<keyof PluginMetadata, string>;

const LIMIT_KEYS = {
  initialize: 'initialize_ms',
  start: 'start_ms',
  stop: 'stop_ms',
  health: 'health_ms',
  reconfigure: 'reconfigure_ms',
  drain: 'drain_ms',
} as const satisfies Record<keyof StepLimits, string>;

/** What else a plugin object may hold. */
const OTHER_KEYS = new Set(['config', 'needs', 'migrations', 'initialize']);

const codeNames = new Map<string, string>(
  [...Object.entries(STATED_KEYS), ...Object.entries(LIMIT_KEYS)].map(([code, manifest]) => [manifest, code]),
);

/** A path in the manifest as the author of code knows it. */
export const pathInCode = (path: readonly string[]): string[] => path.map((key) => codeNames.get(key) ?? key);

/** What the code states, in the shape of a manifest, so that one schema checks both. Unknown keys keep their names, to be refused. */
export function statedMetadata(plugin: Plugin): Record<string, unknown> {
  const stated: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(plugin)) {
    if (value === undefined || OTHER_KEYS.has(key)) continue;
    const name = Object.hasOwn(STATED_KEYS, key) ? STATED_KEYS[key as keyof typeof STATED_KEYS] : key;
    stated[name] = name === 'limits' ? limits(value) : name === 'provides' ? serviceIds(value) : value;
  }
  return stated;
}

function limits(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, milliseconds]) => milliseconds !== undefined)
      .map(([key, milliseconds]) => [
        Object.hasOwn(LIMIT_KEYS, key) ? LIMIT_KEYS[key as keyof StepLimits] : key,
        milliseconds,
      ]),
  );
}

const serviceIds = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((ref) => (typeof ref === 'object' && ref !== null ? ref.id : ref)) : value;
