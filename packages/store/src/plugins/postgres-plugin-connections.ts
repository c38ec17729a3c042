import { type Clock, messageOf } from '@backplane/base';
import type pg from 'pg';
import { errors } from '../errors.ts';
import { ensurePluginRole, roleNameOf } from './postgres-plugin-role.ts';
import { Turnstile } from './turnstile.ts';

/** A connection that acts for a plugin until it is given back, which is done once. */
export interface BorrowedConnection {
  readonly client: pg.PoolClient;
  giveBack(broken?: boolean): void;
}

export interface PostgresPluginConnectionsOptions {
  readonly plugin: string;
  readonly pool: pg.Pool;
  /** Where it is, for messages. */
  readonly server: string;
  /** How many the plugin may have at a time; further statements wait. */
  readonly most: number;
  readonly clock: Clock;
  /** Milliseconds that a statement waits for a connection. */
  readonly waitMs: number;
}

/** Which plugin a connection acts for. */
const actsFor = new WeakMap<pg.PoolClient, string>();
/** Statements of one plugin that may wait. */
const MOST_WAITING = 1000;

/** The connections of one plugin, out of those that all share. Role and schema are made when the first one is asked for. */
export class PostgresPluginConnections {
  readonly #options: PostgresPluginConnectionsOptions;
  readonly #turn: Turnstile;
  #ready: Promise<void> | undefined;

  constructor(options: PostgresPluginConnectionsOptions) {
    this.#options = options;
    this.#turn = new Turnstile(options.clock, options.most);
  }

  /** @throws BP_DATABASE_BUSY, BP_DATABASE_WAITED, BP_DATABASE_ROLE, BP_STORE_UNREACHABLE */
  async borrow(): Promise<BorrowedConnection> {
    const { plugin, waitMs: limitMs } = this.#options;
    if (this.#turn.waiting >= MOST_WAITING) throw errors.BP_DATABASE_BUSY({ plugin, limit: MOST_WAITING });
    const leave = await this.#turn.enter(limitMs, () => errors.BP_DATABASE_WAITED({ plugin, limitMs }));
    try {
      this.#ready ??= this.#prepare();
      await this.#ready;
      const client = await this.#connect();
      if (actsFor.get(client) !== plugin) await this.#become(client);
      return {
        client,
        giveBack(broken = false) {
          client.release(broken);
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #become(client: pg.PoolClient): Promise<void> {
    const { plugin } = this.#options;
    const role = `"${roleNameOf(plugin)}"`;
    actsFor.delete(client);
    try {
      await client.query(`reset role; set role ${role}; set search_path = ${role}, pg_temp`);
    } catch (error) {
      client.release(true);
      throw this.#unreachable(error);
    }
    actsFor.set(client, plugin);
  }

  async #prepare(): Promise<void> {
    try {
      const client = await this.#connect();
      actsFor.delete(client);
      try {
        await client.query('reset role; reset search_path');
        await ensurePluginRole(client, this.#options.plugin);
        client.release();
      } catch (error) {
        client.release(true);
        throw error;
      }
    } catch (error) {
      // Tried again at the next use.
      this.#ready = undefined;
      throw error;
    }
  }

  #connect(): Promise<pg.PoolClient> {
    return this.#options.pool.connect().catch((error) => {
      throw this.#unreachable(error);
    });
  }

  #unreachable(cause: unknown): Error {
    return errors.BP_STORE_UNREACHABLE({ server: this.#options.server, reason: messageOf(cause) }, { cause });
  }
}
