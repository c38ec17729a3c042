import { isDeepStrictEqual } from 'node:util';
import { canonicalName } from '@backplane/base';
import type { ConfigLayer } from '@backplane/config';
import type { Kernel } from '@backplane/kernel';
import type { Logger } from '@backplane/plugin-api';

type Layers = ReadonlyMap<string, readonly ConfigLayer[]>;

/** What handlers of `config.load` have given, as layers over the files: one for each plugin that gave something, under its name. Nothing of it is kept. */
export class LoadedLayers {
  readonly #kernel: () => Kernel;
  readonly #logger: Logger;
  #layers: Layers = new Map();

  constructor(kernel: () => Kernel, logger: Logger) {
    this.#kernel = kernel;
    this.#logger = logger;
  }

  of(plugin: string): readonly ConfigLayer[] {
    return this.#layers.get(plugin) ?? [];
  }

  /** Asks those that have not been asked, and gives the plugins that are configured otherwise than before. */
  async gather(): Promise<string[]> {
    const layers = new Map<string, ConfigLayer[]>();
    for (const { plugin: by, values } of await this.#kernel().configLoad.gather()) {
      for (const [plugin, value] of Object.entries(values)) {
        const name = canonicalName(plugin);
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          this.#logger.warn(
            `What plugin "${by}" gives as configuration of "${plugin}" is no map of keys, and is left out.`,
          );
          continue;
        }
        layers.set(name, [...(layers.get(name) ?? []), { name: `config.load of ${by}`, value: { ...value } }]);
      }
    }
    const before = this.#layers;
    this.#layers = layers;
    const names = new Set([...before.keys(), ...layers.keys()]);
    return [...names].filter((name) => !isDeepStrictEqual(before.get(name), layers.get(name))).sort();
  }
}
