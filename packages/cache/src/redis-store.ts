import { randomUUID } from 'node:crypto';
import type { CacheChange, CacheConnection, CacheStore, CacheStoreEvents } from '@backplane/ports';
import { createClient, RESP_TYPES } from '@redis/client';

export interface RedisStoreOptions {
  /** As `redisUrl` gives it. */
  readonly url: string;
  /** In front of every key. Default `backplane:cache`. */
  readonly prefix?: string;
}

const PREFIX = 'backplane:cache';
/** Keys that one step of a removal looks at. */
const SCAN_COUNT = 500;
const CONNECT_MS = 1_000;

type Client = ReturnType<typeof connectionTo>;

function connectionTo(url: string) {
  return createClient({
    url,
    // Messages of other hosts come over the same connection, in order with the answers.
    RESP: 3,
    // Time is bounded by who calls; a limit of the client's own would be a timer for each command.
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 0 },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
  });
}

/** Redis 6 or newer, or Valkey, as the store that hosts share. Loaded when the first plugin uses its cache. */
export function createRedisStore({ url, prefix = PREFIX }: RedisStoreOptions): CacheStore {
  const channel = `${prefix}.changes.${Number(new URL(url).pathname.slice(1)) || 0}`;
  let before: number | undefined;
  return {
    async open(events) {
      const client = connectionTo(url);
      client.on('error', events.lost);
      try {
        await client.connect();
        // What the connection before has sent, and a hanging server has not read yet, is never done.
        if (before !== undefined) await client.sendCommand(['CLIENT', 'KILL', 'ID', String(before)]).catch(() => {});
        before = Number(await client.sendCommand(['CLIENT', 'ID']));
        const connection = new RedisConnection(client, { prefix, channel });
        await connection.listen(events);
        return connection;
      } catch (error) {
        if (client.isOpen) client.destroy();
        throw error;
      }
    },
  };
}

class RedisConnection implements CacheConnection {
  readonly #client: Client;
  readonly #prefix: string;
  readonly #channel: string;
  /** Tells this host's own messages from those of others. */
  readonly #origin = randomUUID();

  constructor(client: Client, { prefix, channel }: { readonly prefix: string; readonly channel: string }) {
    this.#client = client;
    this.#prefix = `${prefix}:`;
    this.#channel = channel;
  }

  listen(events: CacheStoreEvents): Promise<void> {
    return this.#client.subscribe(this.#channel, (message) => {
      if (message.startsWith(this.#origin)) return;
      const change = readMessage(message);
      if (change !== undefined) events.changed(change);
    });
  }

  async read(key: string) {
    const name = this.#prefix + key;
    const [bytes, ttl] = await Promise.all([this.#client.get(name), this.#client.pTTL(name)]);
    // One without an end is none of ours; one that has ended in between is gone.
    return bytes === null || ttl === -2
      ? undefined
      : { bytes: bytes as unknown as Uint8Array, ttl: ttl === -1 ? 1 : ttl };
  }

  async write(key: string, { bytes, ttl }: { readonly bytes: Uint8Array; readonly ttl: number }, announce: boolean) {
    const name = this.#prefix + key;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const expiration = { type: 'PX', value: Math.max(1, Math.ceil(ttl)) } as const;
    const set = () => this.#client.set(name, value, { expiration });
    await (announce ? this.#announced({ keys: [key] }, set) : set());
  }

  async remove(keys: readonly string[]) {
    const names = keys.map((key) => this.#prefix + key);
    await this.#announced({ keys }, () => this.#client.unlink(names));
  }

  async removeMatching(pattern: string, from?: string) {
    if (from === undefined) await this.#tell({ pattern });
    const match = escapeGlob(this.#prefix) + escapeGlob(pattern);
    const { cursor, keys } = await this.#client.scan(from ?? '0', { MATCH: match, COUNT: SCAN_COUNT });
    if (keys.length > 0) await this.#client.unlink(keys);
    const next = String(cursor);
    if (next !== '0') return next;
    await this.#tell({ pattern });
    return undefined;
  }

  async ping() {
    await this.#client.ping();
  }

  close() {
    if (this.#client.isOpen) this.#client.destroy();
  }

  /**
   * Told before, so that nobody stores over it what was loaded earlier; and after, so that nobody keeps what was read in between. All is sent at once.
   * A transaction would do with one: Redis 7.0 writes a message to the sender into the middle of its answer.
   */
  async #announced(change: CacheChange, work: () => Promise<unknown>): Promise<void> {
    await Promise.all([this.#tell(change), work(), this.#tell(change)]);
  }

  #tell(change: CacheChange): Promise<unknown> {
    return this.#client.publish(this.#channel, `${this.#origin} ${JSON.stringify(change)}`);
  }
}

/** What another host has said; `undefined` for what is none of ours. */
function readMessage(message: string): CacheChange | undefined {
  try {
    const { keys, pattern } = JSON.parse(message.slice(message.indexOf(' '))) as Record<string, unknown>;
    if (typeof pattern === 'string') return { pattern };
    return Array.isArray(keys) ? { keys: keys.filter((key) => typeof key === 'string') } : undefined;
  } catch {
    return undefined;
  }
}

/** Redis gives a meaning to more than our `*`. */
function escapeGlob(pattern: string): string {
  return pattern.replaceAll(/[\\?[\]]/g, '\\$&');
}
