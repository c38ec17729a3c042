import { type Clock, type ClockTimer, messageOf } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { CacheChange, CacheConnection, CacheStore, CacheUpstream } from '@backplane/ports';
import { Journal } from './journal.ts';
import { PendingCalls } from './pending-calls.ts';
import { decode, encode } from './sealed-value.ts';

export interface SharedStoreOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Another host has changed entries of a plugin. */
  readonly changed: (plugin: string, change: CacheChange) => void;
  /** The store is there again: what memory has may be older than what others have made of it. */
  readonly returned: () => void;
  /** From 0 to 1, for the pauses between attempts. */
  readonly random?: () => number;
}

/** Milliseconds: a call; connecting; between calls that see whether the store is there; between attempts to connect. */
const CALL_MS = 250;
const OPEN_MS = 1_000;
const PING_MS = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A store that has been there as long as this was no passing visitor: the next loss is told again, and tried again soon. */
const STEADY_MS = 30_000;

type State =
  | { readonly phase: 'idle' | 'closed' }
  | { readonly phase: 'opening'; readonly settled: Promise<void> }
  | { readonly phase: 'here'; readonly connection: CacheConnection; readonly since: number }
  | { readonly phase: 'away' };

const AWAY = Symbol('away');

/**
 * The store that hosts share, as one that never fails: what cannot be reached has nothing, costs nobody more than 250 ms, and is tried again and
 * again. Before it is used again, it is told to forget everything that was set or removed without it.
 */
export class SharedStore {
  readonly #options: SharedStoreOptions;
  readonly #calls: PendingCalls;
  readonly #journal = new Journal();
  #state: State = { phase: 'idle' };
  #attempts = 0;
  #told = false;
  #timer: ClockTimer | undefined;

  constructor(options: SharedStoreOptions) {
    this.#options = options;
    this.#calls = new PendingCalls(options.clock);
  }

  /** `idle` until a plugin first uses its cache. */
  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** What a plugin has in the store. */
  upstreamOf(plugin: string): CacheUpstream {
    const full = (key: string) => `${plugin}:${key}`;
    return {
      read: async (key) => {
        const found = await this.#use((connection) => connection.read(full(key)));
        if (found === AWAY || found === undefined) return undefined;
        const value = decode(found.bytes);
        return value === undefined ? undefined : { value, ttl: found.ttl };
      },
      write: async (key, value, ttl, fill) => {
        const reached = { tried: false };
        const entry = { bytes: encode(value), ttl };
        const done = await this.#use((connection) => {
          reached.tried = true;
          return connection.write(full(key), entry, !fill);
        });
        // Whether a write that failed was done is not known. A fill that was not tried has changed nothing.
        if (done === AWAY && (reached.tried || !fill)) this.#remember({ keys: [full(key)] });
      },
      remove: (change) =>
        this.#remove('keys' in change ? { keys: change.keys.map(full) } : { pattern: full(change.pattern) }),
    };
  }

  /** Ends the connection, for good. */
  close(): void {
    const { connection } = this.#state as Partial<Extract<State, { phase: 'here' }>>;
    this.#state = { phase: 'closed' };
    this.#timer?.cancel();
    this.#calls.end(new Error('The host stops.'));
    connection?.close();
  }

  async #remove(change: CacheChange): Promise<void> {
    const done = await this.#use((connection) => this.#removeFrom(connection, change), Number.POSITIVE_INFINITY);
    if (done === AWAY) this.#remember(change);
  }

  async #removeFrom(connection: CacheConnection, change: CacheChange): Promise<void> {
    if ('keys' in change) return this.#calls.limit(CALL_MS, () => connection.remove(change.keys));
    let from: string | undefined;
    do {
      const at = from;
      from = await this.#calls.limit(CALL_MS, () => connection.removeMatching(change.pattern, at));
    } while (from !== undefined);
  }

  async #use<T>(work: (connection: CacheConnection) => Promise<T>, limitMs = CALL_MS): Promise<T | typeof AWAY> {
    if (this.#state.phase === 'idle') this.#state = { phase: 'opening', settled: this.#attempt() };
    if (this.#state.phase === 'opening') await this.#state.settled;
    const state: State = this.#state;
    if (state.phase !== 'here') return AWAY;
    try {
      return limitMs === CALL_MS
        ? await this.#calls.limit(CALL_MS, () => work(state.connection))
        : await work(state.connection);
    } catch (error) {
      this.#lose(state.connection, error);
      return AWAY;
    }
  }

  #remember(change: CacheChange): void {
    if (this.#state.phase === 'closed') return;
    this.#journal.add(change);
    // It has come back since.
    if (this.#state.phase === 'here') void this.#replay(this.#state.connection).catch(() => {});
  }

  /** Resolves when there is a connection, or none for now. */
  async #attempt(): Promise<void> {
    let connection: CacheConnection | undefined;
    const lost = (reason: unknown) => {
      if (connection !== undefined) this.#lose(connection, reason);
    };
    try {
      connection = await this.#open(lost);
      await this.#replay(connection);
      if (this.#state.phase === 'closed') return connection.close();
      this.#arrived(connection);
    } catch (error) {
      connection?.close();
      this.#missed(error);
    }
  }

  /** One that comes too late is closed. */
  #open(lost: (reason: unknown) => void): Promise<CacheConnection> {
    const { store, changed } = this.#options;
    let late = false;
    const opened = store.open({ lost, changed: (change) => eachPlugin(change, changed) });
    opened.then(
      (connection) => late && connection.close(),
      () => {},
    );
    return this.#calls
      .limit(OPEN_MS, () => opened)
      .catch((error) => {
        late = true;
        throw error;
      });
  }

  /** Until nothing is left: what is removed meanwhile is added at the end. */
  async #replay(connection: CacheConnection): Promise<void> {
    while (!this.#journal.isEmpty) {
      const changes = this.#journal.take();
      try {
        for (const change of changes) await this.#removeFrom(connection, change);
      } catch (error) {
        for (const change of changes) this.#journal.add(change);
        this.#lose(connection, error);
        throw error;
      }
    }
  }

  #arrived(connection: CacheConnection): void {
    const { clock, logger, returned } = this.#options;
    const isReturn = this.#state.phase === 'away';
    this.#state = { phase: 'here', connection, since: clock.monotonic() };
    this.#timer = clock.after(PING_MS, () => void this.#ping());
    if (!isReturn) return;
    returned();
    if (this.#told) logger.info('The shared cache is there again.');
  }

  async #ping(): Promise<void> {
    const state = this.#state;
    if (state.phase !== 'here') return;
    if (this.#options.clock.monotonic() - state.since >= STEADY_MS) this.#steady();
    await this.#use((connection) => connection.ping());
    if (this.#state === state) this.#timer = this.#options.clock.after(PING_MS, () => void this.#ping());
  }

  #steady(): void {
    this.#attempts = 0;
    this.#told = false;
  }

  #lose(connection: CacheConnection, reason: unknown): void {
    if (this.#state.phase !== 'here' || this.#state.connection !== connection) return;
    if (this.#options.clock.monotonic() - this.#state.since >= STEADY_MS) this.#steady();
    this.#state = { phase: 'away' };
    connection.close();
    this.#calls.end(reason);
    this.#missed(reason);
  }

  #missed(error: unknown): void {
    if (this.#state.phase === 'closed') return;
    const { clock, logger, random = Math.random } = this.#options;
    this.#state = { phase: 'away' };
    if (!this.#told)
      logger.warn(
        `The shared cache cannot be reached; memory goes on alone, and it is tried again. ${messageOf(error)}`,
      );
    this.#told = true;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts++, LONGEST_PAUSE_MS);
    this.#timer?.cancel();
    this.#timer = clock.after(pause * (0.75 + random() / 4), () => void this.#attempt());
  }
}

function eachPlugin(change: CacheChange, tell: (plugin: string, change: CacheChange) => void): void {
  if ('pattern' in change) {
    const at = change.pattern.indexOf(':');
    tell(change.pattern.slice(0, at), { pattern: change.pattern.slice(at + 1) });
    return;
  }
  const byPlugin = Map.groupBy(change.keys, (key) => key.slice(0, key.indexOf(':')));
  for (const [plugin, keys] of byPlugin) tell(plugin, { keys: keys.map((key) => key.slice(plugin.length + 1)) });
}
