import { nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import validRange from 'semver/ranges/valid.js';
import { errors } from './errors.ts';
import type { ConfigOrigin } from './merge-layers.ts';

/** What a plugin file says to the host, not to the plugin. */
export interface HostSettings {
  /** Whether the plugin runs. */
  readonly enabled?: boolean;
  /** `false` starts it at its first use. */
  readonly autoLoad?: boolean;
  /** Semver range that the loaded plugin must meet. */
  readonly version?: string;
  /** Among plugins of one phase, lower first; in place of what the plugin says. */
  readonly priority?: number;
  /** `false` mounts no routes. */
  readonly serviceIntegration?: boolean;
  /** `true` runs it outside of the sandbox, where `plugins.security.sandboxing` puts plugins into one. */
  readonly trusted?: boolean;
  /** `name` and `port` of a generated host. */
  readonly service?: Readonly<PlainMap>;
}

interface HostKey {
  readonly key: string;
  readonly setting: keyof HostSettings;
  readonly expected: string;
  fits(value: unknown): boolean;
}

const isBoolean = (value: unknown) => typeof value === 'boolean';

/** What the host reads of a plugin's configuration. */
export const HOST_KEYS: readonly HostKey[] = [
  { key: 'enabled', setting: 'enabled', expected: 'true or false', fits: isBoolean },
  { key: 'auto_load', setting: 'autoLoad', expected: 'true or false', fits: isBoolean },
  {
    key: 'version',
    setting: 'version',
    expected: 'a semver range in quotes',
    fits: (value) => typeof value === 'string' && validRange(value) !== null,
  },
  { key: 'priority', setting: 'priority', expected: 'a whole number', fits: Number.isInteger },
  { key: 'service_integration', setting: 'serviceIntegration', expected: 'true or false', fits: isBoolean },
  { key: 'trusted', setting: 'trusted', expected: 'true or false', fits: isBoolean },
  { key: 'service', setting: 'service', expected: 'a map of keys', fits: isPlainMap },
];

export interface DividedConfig {
  /** Without the host's keys. */
  readonly value: PlainMap;
  readonly settings: HostSettings;
  /** The host's keys as written, for a plugin whose schema names one of them. */
  readonly hostKeys: Readonly<PlainMap>;
  readonly problems: readonly SourceProblem[];
}

/** Divides what a file says into what is meant for the plugin and what for the host. */
export function divideConfig(merged: PlainMap, origins: ReadonlyMap<string, ConfigOrigin>): DividedConfig {
  const value = { ...merged };
  const hostKeys: PlainMap = {};
  const settings: Record<string, unknown> = {};
  const problems: SourceProblem[] = [];
  for (const { key, setting, expected, fits } of HOST_KEYS) {
    if (!Object.hasOwn(value, key)) continue;
    hostKeys[key] = value[key];
    delete value[key];
    if (fits(hostKeys[key])) settings[setting] = hostKeys[key];
    else
      problems.push({
        ...sourceProblem(errors.BP_CONFIG_SETTING_INVALID({ key, expected })),
        ...placed(origins, [key]),
      });
  }
  return { value, settings, hostKeys, problems };
}

/** File, line and column of the value at this path, as far as known; the variable in place of the file where it was given in one. */
export function placed(
  origins: ReadonlyMap<string, ConfigOrigin>,
  path: readonly string[],
): Omit<ConfigOrigin, 'layer'> {
  const { layer: _, ...place } = nearestPosition(origins, pointerOf(path)) ?? { layer: '' };
  return place.file === undefined && place.variable !== undefined ? { file: place.variable } : place;
}
