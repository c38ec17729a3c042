import type { ChangeTarget, PreparedChange, WantedState } from '@backplane/ports';
import type { StateTarget } from './state-target.ts';

/** Checks changes as a running host would, and leaves them to the next start. */
export class OfflineTarget implements ChangeTarget {
  readonly ready = true;
  readonly #target: StateTarget;

  constructor(target: StateTarget) {
    this.#target = target;
  }

  pinnedBy(plugin: string, key: string): string | undefined {
    return this.#target.pinnedBy(plugin, key);
  }

  schemaOf(plugin: string) {
    return this.#target.schemaOf(plugin);
  }

  async prepare(state: WantedState, names: readonly string[]): Promise<PreparedChange> {
    const prepared = await this.#target.prepare(state, names);
    return {
      refusals: prepared.refusals,
      plan: () => prepared.plan(),
      async apply() {
        await prepared.discard();
        return { generation: 0, steps: [], tookMs: 0 };
      },
      discard: () => prepared.discard(),
    };
  }
}
