import { canonicalName } from '@backplane/base';

/** First path segments that belong to the host. */
export const RESERVED_MOUNTS = [
  'plugins',
  'api',
  'health',
  'ready',
  'metrics',
  'extension-points',
  'admin',
  'docs',
  'registry',
] as const;

/** Words that stand where a plugin's name could stand: in `/api/v1/plugins/NAME` and under `plugins:` in configuration. */
export const RESERVED_PLUGIN_NAMES = [
  'stats',
  'logs',
  'registry',
  'templates',
  'install',
  'bulk',
  'status',
  'metrics',
  'security',
  'enabled',
  'directories',
  'config_dir',
  'discovery_paths',
  'auto_discovery',
] as const;

const reserved: ReadonlySet<string> = new Set([...RESERVED_MOUNTS, ...RESERVED_PLUGIN_NAMES].map(canonicalName));

/** True for what neither a plugin nor an alias may be called, in either spelling: a plugin's name is also its mount. */
export const isReservedName = (name: string): boolean => reserved.has(canonicalName(name));

/** Every reserved word, with `-` and with `_`. */
export const reservedSpellings = (): string[] =>
  [...new Set([...reserved].flatMap((name) => [name, name.replaceAll('-', '_')]))].sort();
