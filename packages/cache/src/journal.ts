import type { CacheChange } from '@backplane/ports';

/** More single keys, or patterns, than this are remembered as whole plugins. */
const MOST_KEYS = 10_000;
const MOST_PATTERNS = 1_000;
const BATCH = 500;

/**
 * What the store must still forget: removed, or set otherwise, while it could not be told. Never lets anything slip, and never grows beyond its
 * bounds: rather a whole plugin is forgotten.
 */
export class Journal {
  readonly #keys = new Set<string>();
  readonly #patterns = new Set<string>();

  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#patterns.size === 0;
  }

  /** Keys and patterns are `PLUGIN:KEY`. */
  add(change: CacheChange): void {
    if ('pattern' in change) this.#patterns.add(change.pattern);
    else for (const key of change.keys) this.#keys.add(key);
    if (this.#keys.size > MOST_KEYS) this.#widen(this.#keys);
    if (this.#patterns.size > MOST_PATTERNS) this.#widen(this.#patterns);
  }

  /** Everything, which is then somebody else's to see to. */
  take(): CacheChange[] {
    const keys = [...this.#keys];
    const changes: CacheChange[] = [...this.#patterns].map((pattern) => ({ pattern }));
    for (let from = 0; from < keys.length; from += BATCH) changes.push({ keys: keys.slice(from, from + BATCH) });
    this.#keys.clear();
    this.#patterns.clear();
    return changes;
  }

  #widen(entries: Set<string>): void {
    const plugins = new Set([...entries].map((entry) => entry.slice(0, entry.indexOf(':'))));
    entries.clear();
    for (const plugin of plugins) this.#patterns.add(`${plugin}:*`);
  }
}
