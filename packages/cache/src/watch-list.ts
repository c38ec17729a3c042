import type { CacheChange } from '@backplane/ports';
import { globMatcher } from './glob.ts';

/** Somebody who is fetching a value, and must know whether it was overtaken. */
export interface Watch {
  readonly key: string;
  /** The key has been set or removed since: what is being fetched is no longer worth keeping. */
  changed: boolean;
  /** And it was done elsewhere, in no known order with what is done here. */
  changedElsewhere: boolean;
}

/** Who is fetching which key. */
export class WatchList {
  readonly #watches = new Map<string, Set<Watch>>();

  begin(key: string): Watch {
    const watch: Watch = { key, changed: false, changedElsewhere: false };
    const known = this.#watches.get(key);
    if (known === undefined) this.#watches.set(key, new Set([watch]));
    else known.add(watch);
    return watch;
  }

  end(watch: Watch): void {
    const known = this.#watches.get(watch.key);
    known?.delete(watch);
    if (known?.size === 0) this.#watches.delete(watch.key);
  }

  mark(change: CacheChange, elsewhere: boolean): void {
    if (this.#watches.size === 0) return;
    for (const key of 'keys' in change ? change.keys : this.#matching(change.pattern)) {
      for (const watch of this.#watches.get(key) ?? []) {
        watch.changed = true;
        watch.changedElsewhere ||= elsewhere;
      }
    }
  }

  #matching(pattern: string): string[] {
    return [...this.#watches.keys()].filter(globMatcher(pattern));
  }
}
