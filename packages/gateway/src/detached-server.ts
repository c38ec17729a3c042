import { EventEmitter } from 'node:events';
import { errors } from './errors.ts';

/** What a plugin's Fastify app has in place of a server: the host listens, the app only routes. */
export class DetachedServer extends EventEmitter {
  readonly listening = false;
  readonly #plugin: string;

  constructor(plugin: string) {
    super();
    this.#plugin = plugin;
  }
  address(): null {
    return null;
  }
  /** @throws BP_HTTP_LISTEN_IN_PLUGIN */
  listen(): never {
    throw errors.BP_HTTP_LISTEN_IN_PLUGIN({ plugin: this.#plugin });
  }
  closeIdleConnections(): void {}
  closeAllConnections(): void {}
}
