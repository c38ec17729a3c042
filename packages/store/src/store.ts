import type { Kysely, LogEvent } from 'kysely';
import type { Migration, StoreKind } from './migrations.ts';
import type { Tables } from './tables.ts';

/** The host's database, at the newest schema. */
export interface Store {
  readonly kind: StoreKind;
  readonly db: Kysely<Tables>;
  /** Waits for what is under way, and gives the database up. */
  close(): Promise<void>;
}

/** What every kind of store is opened with. */
export interface StoreOptions {
  /** Milliseconds since the epoch. Default: the machine's clock. */
  readonly now?: () => number;
  /** Default: all there are. */
  readonly migrations?: readonly Migration[];
  /** Told of every statement when it has been made. */
  readonly log?: (event: LogEvent) => void;
}

/** The store over an open database. `release` gives up what else was taken for it. */
export function createStore(kind: StoreKind, db: Kysely<Tables>, release: () => void = () => {}): Store {
  let closed: Promise<void> | undefined;
  return {
    kind,
    db,
    close() {
      closed ??= db.destroy().finally(release);
      return closed;
    },
  };
}
