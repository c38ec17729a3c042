import { basename, dirname, extname, sep } from 'node:path';
import { canonicalName } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import type { PluginUnit } from '@backplane/ports';
import { nameFromPath } from '@backplane/wire';

/** What is known of a plugin that was found, since it was last read. */
export interface KnownPlugin {
  /** As its code gives it; as its file or manifest does where the code could not be read. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly candidate: PluginCandidate;
  /** The files that its code was made of. */
  readonly inputs: ReadonlySet<string>;
  readonly configFiles: readonly string[];
  /** What its code was made into, where it could be. It need not have come to run, and is not kept for this. */
  readonly unit: WeakRef<PluginUnit> | undefined;
  /** Refused: what it was made of is not known, so that any file near it may mend it. */
  readonly broken: boolean;
}

const MANIFESTS: ReadonlySet<string> = new Set(['plugin.yaml', 'plugin.yml', 'package.json']);

/** True for the files in which a plugin says what it is. */
export const isManifest = (path: string): boolean => MANIFESTS.has(basename(path));

/** Tells one candidate from every other, also when its entry file changes. */
export const placeOf = ({ root, origin }: PluginCandidate): string => `${root}${sep}${origin}`;

/** The plugins that were found, and which of them a changed file concerns. */
export class KnownPlugins {
  readonly #byPlace = new Map<string, KnownPlugin>();
  /** The folder of configuration files. */
  readonly #configFolder: string;

  /** The folder of the host's own. */
  readonly #hostFolder: string;

  constructor(configFolder: string, hostFolder: string) {
    this.#configFolder = configFolder;
    this.#hostFolder = hostFolder;
  }

  note(plugin: KnownPlugin): void {
    this.#byPlace.set(placeOf(plugin.candidate), plugin);
  }

  forget(plugin: KnownPlugin): void {
    this.#byPlace.delete(placeOf(plugin.candidate));
  }

  at(candidate: PluginCandidate): KnownPlugin | undefined {
    return this.#byPlace.get(placeOf(candidate));
  }

  named(name: string): KnownPlugin | undefined {
    return this.all().find((plugin) => plugin.name === name);
  }

  all(): KnownPlugin[] {
    return [...this.#byPlace.values()];
  }

  /** Everything that plugins were made of. */
  *files(): Iterable<string> {
    for (const { inputs } of this.#byPlace.values()) yield* inputs;
  }

  /** The plugins that one of these files is part of, or belongs to. */
  concernedBy(paths: ReadonlySet<string>): KnownPlugin[] {
    const configured = new Set(
      [...paths]
        .filter((path) => dirname(path) === this.#configFolder)
        .map((path) => canonicalName(nameFromPath(stem(path)))),
    );
    // What a file says to every plugin is seen only when it is read; the code that it was said to is not read again.
    const host = [...paths].some((path) => dirname(path) === this.#hostFolder && YAML.test(path));
    return this.all().filter((plugin) => {
      if (host) return true;
      if ([plugin.name, ...plugin.aliases].some((name) => configured.has(name))) return true;
      if (plugin.configFiles.some((file) => paths.has(file))) return true;
      for (const path of paths) if (plugin.inputs.has(path) || isNear(plugin, path)) return true;
      return false;
    });
  }
}

const YAML = /\.ya?ml$/;

const stem = (path: string): string => basename(path, extname(path));

function isNear({ candidate, broken }: KnownPlugin, path: string): boolean {
  if (path === candidate.entry || path === candidate.manifestFile) return true;
  // The root of a plugin that is a single file is the folder of all plugins.
  const own =
    candidate.origin.includes('.') && dirname(candidate.entry) === candidate.root ? undefined : candidate.root;
  if (own !== undefined && dirname(path) === own && isManifest(path)) return true;
  return broken && path.startsWith((own ?? candidate.root) + sep);
}
