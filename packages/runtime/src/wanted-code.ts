import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Discovery, discoverDirectory, discoverModule, type PluginDiscoverer } from '@backplane/discovery';
import type { WantedState } from '@backplane/ports';
import { sourceProblem } from '@backplane/wire';
import { errors } from './errors.ts';

/** Finds the code that desired states name, which lies in no plugin folder or is not looked for there. */
export class WantedCode {
  readonly #roots: readonly string[];
  readonly #installed: string;

  /** `roots` are plugin folders; `installed` holds the copies of what was installed. */
  constructor(roots: readonly string[], installed: string) {
    this.#roots = roots;
    this.#installed = installed;
  }

  /** Nothing where the state says nothing of the plugin's code. */
  async of({ plugins }: WantedState, name: string): Promise<Discovery> {
    const code = Object.hasOwn(plugins, name) ? plugins[name]?.code : undefined;
    if (code === undefined) return { candidates: [], problems: [] };
    if (code.from === 'installed') return this.#installedIn(join(this.#installed, code.folder), name);
    return discoverModule(this.#roots, { name, modulePath: code.module_path, entryPoint: code.entry_point });
  }

  /** What was installed once is missed, and not taken for never having been there. */
  async #installedIn(folder: string, name: string): Promise<Discovery> {
    const found = existsSync(folder) ? await discoverDirectory(folder) : { candidates: [], problems: [] };
    if (found.candidates.length > 0 || found.problems.length > 0) return found;
    const problem = sourceProblem(errors.BP_INSTALLED_GONE({ plugin: name, folder }));
    return { candidates: [], problems: [{ ...problem, plugin: name, origin: folder }] };
  }

  /** Finds all that the state names which is to run. */
  discoverer(state: () => WantedState): PluginDiscoverer {
    return {
      discover: async () => {
        const { plugins } = state();
        const found = await Promise.all(Object.keys(plugins).map((name) => this.of({ plugins }, name)));
        return {
          candidates: found.flatMap(({ candidates }) => candidates),
          problems: found.flatMap(({ problems }) => problems),
        };
      },
    };
  }
}
