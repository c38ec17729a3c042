import { canonicalName } from '@backplane/base';
import { isReservedName, nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import { errors } from './errors.ts';
import type { HostFile } from './host-files.ts';
import type { ConfigLayer } from './merge-layers.ts';

/** Where the host's files configure plugins, by name: under the first, then the second, of one file. */
export const SECTIONS = [['core', 'api_gateway', 'plugins'], ['plugins']] as const;

/** What the host's files say to one plugin. */
export interface HostFileLayers {
  /** From `plugins.NAME` and `core.api_gateway.plugins.NAME`: below the plugin's own file. */
  readonly below: readonly ConfigLayer[];
  /** From `default_plugins` and `plugin_settings.NAME`: above it. */
  readonly above: readonly ConfigLayer[];
  readonly problems: readonly SourceProblem[];
}

/** Reads what the host's files say to the plugin of these names. `service` is what the host is called, for `service_specific`. */
export function hostFileLayers(
  files: readonly HostFile[],
  names: readonly string[],
  service: string | undefined,
): HostFileLayers {
  const reading = new Reading(new Set(names.map(canonicalName)), service);
  for (const file of files) reading.read(file);
  return reading;
}

class Reading implements HostFileLayers {
  readonly below: ConfigLayer[] = [];
  readonly above: ConfigLayer[] = [];
  readonly problems: SourceProblem[] = [];
  readonly #names: ReadonlySet<string>;
  readonly #service: string | undefined;

  constructor(names: ReadonlySet<string>, service: string | undefined) {
    this.#names = names;
    this.#service = service;
  }

  read(file: HostFile): void {
    for (const path of SECTIONS) {
      for (const key of this.#keysIn(file, path)) {
        // Words such as `directories` are the host's own.
        if (isReservedName(key)) continue;
        const value = this.#map(file, [...path, key]);
        if (value) this.below.push(this.#layer(file, file.name, value, [...path, key]));
      }
    }
    this.#defaults(file);
    for (const key of this.#keysIn(file, ['plugin_settings'])) this.#settings(file, ['plugin_settings', key]);
  }

  /** `service_specific` is what is set for this plugin within one service: the last word, if the host is that service. */
  #settings(file: HostFile, path: readonly string[]): void {
    const value = this.#map(file, path);
    if (value === undefined) return;
    const { service_specific: _, ...settings } = value;
    this.above.push(this.#layer(file, 'plugin_settings', settings, path));
    const within = [...path, 'service_specific'];
    const { name, ...specific } = this.#map(file, within) ?? {};
    if (name !== undefined && this.#service !== undefined && name !== this.#service) return;
    if (Object.keys(specific).length > 0) this.above.push(this.#layer(file, 'service_specific', specific, within));
  }

  /** `default_plugins`: a list of `name`, `enabled`, `priority`. */
  #defaults(file: HostFile): void {
    const root = file.document?.value;
    const list = isPlainMap(root) ? root.default_plugins : undefined;
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) {
      this.#refuse(file, ['default_plugins'], 'a list of plugins');
      return;
    }
    for (const [index, item] of list.entries()) {
      const path = ['default_plugins', String(index)];
      if (!isPlainMap(item) || typeof item.name !== 'string') {
        this.#refuse(file, path, 'a map with the name of a plugin');
        continue;
      }
      const { name, ...settings } = item;
      if (this.#names.has(canonicalName(name))) this.above.push(this.#layer(file, 'default_plugins', settings, path));
    }
  }

  /** The keys of a map that stand for the plugin. */
  #keysIn(file: HostFile, path: readonly string[]): string[] {
    return Object.keys(this.#map(file, path) ?? {}).filter((key) => this.#names.has(canonicalName(key)));
  }

  /** The map at a path; nothing where there is none, and a problem where something else is. */
  #map(file: HostFile, path: readonly string[]): PlainMap | undefined {
    let at: unknown = file.document?.value;
    for (const [depth, key] of path.entries()) {
      if (at === undefined || at === null) return undefined;
      if (!isPlainMap(at)) {
        this.#refuse(file, path.slice(0, depth), 'a map of keys');
        return undefined;
      }
      at = Object.hasOwn(at, key) ? at[key] : undefined;
    }
    if (isPlainMap(at)) return at;
    if (at !== undefined && at !== null) this.#refuse(file, path, 'a map of keys');
    return undefined;
  }

  #refuse({ path: file, document }: HostFile, path: readonly string[], expected: string): void {
    if (document === undefined) return;
    const error = errors.BP_CONFIG_SETTING_INVALID({ key: path.join('.'), expected });
    const problem = sourceProblem(error, { file, position: nearestPosition(document.positions, pointerOf(path)) });
    // Every section of one file passes the same wrong place.
    if (!this.problems.some(({ message, line }) => message === problem.message && line === problem.line))
      this.problems.push(problem);
  }

  #layer({ path: file, document }: HostFile, name: string, value: PlainMap, path: readonly string[]): ConfigLayer {
    const base = pointerOf(path);
    const place = (pointer: string) => ({
      file,
      ...(document && nearestPosition(document.positions, base + pointer)),
    });
    return { name, value, place };
  }
}
