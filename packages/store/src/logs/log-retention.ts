import type { Clock, ClockTimer } from '@backplane/base';
import type { Kysely } from 'kysely';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';

export interface LogRetentionOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Lines are deleted when they are so old. */
  readonly keepMs: number;
  /** No more lines are kept than these, the youngest. */
  readonly keepRows: number;
  /** Between two looks. */
  readonly everyMs: number;
}

/** Lines deleted at a time: a few milliseconds, then others may write. */
const STEP = 200;
const BETWEEN_STEPS_MS = 20;

/** Deletes lines that are too old or too many, in small steps from time to time. What fails is tried again the next time. */
export class LogRetention {
  readonly #options: LogRetentionOptions;
  #timer: ClockTimer | undefined;
  #step: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: LogRetentionOptions) {
    this.#options = options;
    this.#wait(options.everyMs);
  }

  /** Waits for the step that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#step;
  }

  #wait(delayMs: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#step = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const { store, everyMs } = this.#options;
    let more = false;
    try {
      more = (await this.#deleteOld(store.db)) || (await this.#deleteMany(store.db));
    } catch {
      // The database is away; whoever writes lines tells of it.
    }
    this.#wait(more ? BETWEEN_STEPS_MS : everyMs);
  }

  /** True when there may be more. */
  async #deleteOld(db: Kysely<Tables>): Promise<boolean> {
    const { clock, keepMs } = this.#options;
    const before = clock.now() - keepMs;
    const oldest = db.selectFrom('plugin_logs').select('id').where('time', '<', before).orderBy('time').limit(STEP);
    const { numDeletedRows } = await db.deleteFrom('plugin_logs').where('id', 'in', oldest).executeTakeFirst();
    return numDeletedRows >= STEP;
  }

  /** Ids rise, so that the youngest lines are told by them without counting. */
  async #deleteMany(db: Kysely<Tables>): Promise<boolean> {
    const { keepRows } = this.#options;
    const newest = await db.selectFrom('plugin_logs').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
    if (newest === undefined) return false;
    const oldest = db
      .selectFrom('plugin_logs')
      .select('id')
      .where('id', '<=', newest.id - keepRows)
      .orderBy('id')
      .limit(STEP);
    const { numDeletedRows } = await db.deleteFrom('plugin_logs').where('id', 'in', oldest).executeTakeFirst();
    return numDeletedRows >= STEP;
  }
}
