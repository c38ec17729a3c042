import type { ManifestSource, SourceProblem } from '@backplane/wire';

/** A plugin that was found and may be loaded. Nothing of its code has run. */
export interface PluginCandidate {
  /** Canonical. From the manifest or package.json where one states it; else what the file or folder is called, until the code says. */
  readonly name: string;
  readonly nameFrom: 'manifest' | 'package' | 'path';
  /** For people: the path of the folder or file below the discovery path, with `/`. */
  readonly origin: string;
  /** The folder that the plugin's files may lie in, absolute, without symbolic links. */
  readonly root: string;
  /** The file to load, absolute; inside `root`, also once links are followed. */
  readonly entry: string;
  /** The export to take; the loader's choice unless told. */
  readonly exportName?: string;
  /** The checked `plugin.yaml`, with the place of every key. */
  readonly manifest?: ManifestSource;
  /** Absolute path of the manifest. */
  readonly manifestFile?: string;
}

/** Why something that looks like a plugin is not a candidate. */
export interface DiscoveryProblem extends SourceProblem {
  /** The name that the plugin would have had, as far as known. */
  readonly plugin?: string;
  /** As in `PluginCandidate`; absent where a whole discovery path is meant. */
  readonly origin?: string;
}

export interface Discovery {
  /** In the order of the paths, then of their names. */
  readonly candidates: readonly PluginCandidate[];
  readonly problems: readonly DiscoveryProblem[];
}

/** Somewhere plugins are looked for. */
export interface PluginDiscoverer {
  /** Looks again each time. Never rejects because of what it finds: that is in `problems`. */
  discover(): Promise<Discovery>;
}
