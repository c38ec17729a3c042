import type { Kysely } from 'kysely';
import type { StoreKind } from './migrations.ts';
import type { Tables } from './tables.ts';

/** The host's database, at the newest schema. */
export interface Store {
  readonly kind: StoreKind;
  readonly db: Kysely<Tables>;
  /** Waits for what is under way, and gives the database up. */
  close(): Promise<void>;
}
