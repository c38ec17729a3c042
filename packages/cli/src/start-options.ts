import { delimiter } from 'node:path';
import type { DiscoverySettings, HostOptions } from '@backplane/runtime';
import { errors } from './errors.ts';

/** What `backplane start` takes on the command line. */
export interface StartFlags {
  readonly port?: string;
  readonly host?: string;
  readonly plugins?: readonly string[];
  readonly config?: string;
  readonly data?: string;
  readonly environment?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly isolation?: readonly string[];
  /** `false` looks into no package. */
  readonly packages?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const ISOLATION = ['inline', 'process'] as const;

/**
 * Joins flags, environment and `base.yaml` into the options of a host: a flag wins over `BACKPLANE_…`, that over the alias `MMF_…`, that over the
 * file, that over the default.
 * @throws BP_OPTION_INVALID
 */
export function startOptions(
  flags: StartFlags,
  environment: Environment,
  settings: Omit<DiscoverySettings, 'problems'> = {},
): HostOptions {
  const nameOf = (flag: string, given: string | undefined, name: string) =>
    given !== undefined ? flag : environment[`BACKPLANE_${name}`] ? `BACKPLANE_${name}` : `MMF_${name}`;
  const read = (name: string) => environment[`BACKPLANE_${name}`] || environment[`MMF_${name}`] || undefined;
  const port = readPort(nameOf('--port', flags.port, 'PORT'), flags.port ?? read('PORT'));
  const paths = flags.plugins?.length ? flags.plugins : split(read('PLUGIN_DISCOVERY_PATHS'));
  const enabled =
    readBoolean(nameOf('', undefined, 'PLUGINS_ENABLED'), read('PLUGINS_ENABLED')) ?? settings.enabled ?? true;
  // Who names folders wants them looked into.
  const looked = enabled && (paths !== undefined || settings.autoDiscovery !== false);
  const adminToken = read('ADMIN_TOKEN');
  const logLevel = choose(
    nameOf('--log-level', flags.logLevel, 'LOG_LEVEL'),
    flags.logLevel ?? read('LOG_LEVEL'),
    LEVELS,
  );
  const logFormat = choose(
    nameOf('--log-format', flags.logFormat, 'LOG_FORMAT'),
    flags.logFormat ?? read('LOG_FORMAT'),
    ['json', 'pretty'] as const,
  );
  return {
    pluginPaths: looked ? (paths ?? settings.paths ?? ['./plugins']) : [],
    ...(looked && flags.packages !== false && { packagesOf: '.' }),
    configDir: configDirOf(flags, environment).folder,
    ...(settings.pluginConfigDir !== undefined && { pluginConfigDir: settings.pluginConfigDir }),
    dataDir: flags.data ?? read('DATA_DIR') ?? './data',
    environment: environmentOf(flags, environment),
    variables: environment,
    ...(read('SERVICE') !== undefined && { service: read('SERVICE') as string }),
    listen: { host: flags.host ?? read('HOST') ?? '127.0.0.1', port },
    isolation: readIsolation(flags.isolation ?? []),
    ...(adminToken && { adminToken }),
    ...(read('MASTER_KEY') !== undefined && { masterKey: read('MASTER_KEY') as string }),
    ...(read('NODE') !== undefined && { node: read('NODE') as string }),
    ...(read('DATABASE_URL') !== undefined && { databaseUrl: read('DATABASE_URL') as string }),
    ...(read('CACHE_URL') !== undefined && { cache: { url: read('CACHE_URL') as string } }),
    ...(logLevel && { logLevel }),
    ...(logFormat && { logFormat }),
  };
}

/** What the host runs in. Default `development`. */
export const environmentOf = (flags: StartFlags, environment: Environment): string =>
  flags.environment ?? (environment.BACKPLANE_ENVIRONMENT || environment.MMF_ENVIRONMENT || 'development');

/** Whether flag or environment name a port, which then is the last word. */
export const portIsGiven = (flags: StartFlags, environment: Environment): boolean =>
  flags.port !== undefined || Boolean(environment.BACKPLANE_PORT || environment.MMF_PORT);

/** The folder of configuration, which says where the rest is; and the flag or variable that named it, if one did. */
export function configDirOf(
  { config }: StartFlags,
  environment: Environment,
): { readonly folder: string; readonly named: string | undefined } {
  if (config !== undefined) return { folder: config, named: '--config' };
  const named = ['BACKPLANE_CONFIG_DIR', 'MMF_CONFIG_DIR'].find((variable) => environment[variable]);
  return { folder: environment[named ?? ''] ?? './config', named };
}

function split(paths: string | undefined): string[] | undefined {
  const list = paths?.split(delimiter).filter((path) => path !== '');
  return list?.length ? list : undefined;
}

function readPort(option: string, text: string | undefined): number {
  const port = Number(text ?? 8080);
  if ((text === undefined || /^\d+$/.test(text)) && port <= 65_535) return port;
  throw errors.BP_OPTION_INVALID({ option, value: String(text), expected: 'a port from 0 to 65535' });
}

function readBoolean(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (['true', '1', 'yes'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'no'].includes(text.toLowerCase())) return false;
  throw errors.BP_OPTION_INVALID({ option, value: text, expected: 'true or false' });
}

function choose<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value.toLowerCase());
  if (found) return found;
  throw errors.BP_OPTION_INVALID({ option, value, expected: `one of ${allowed.join(', ')}` });
}

/** `NAME=LEVEL`, or `LEVEL` for every plugin that says nothing itself. */
function readIsolation(entries: readonly string[]): Record<string, (typeof ISOLATION)[number]> {
  const isolation: Record<string, (typeof ISOLATION)[number]> = {};
  for (const entry of entries) {
    const [name, level] = entry.includes('=') ? (entry.split('=', 2) as [string, string]) : ['*', entry];
    isolation[name] = choose('--isolation', level, ISOLATION) ?? 'inline';
  }
  return isolation;
}
