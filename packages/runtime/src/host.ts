import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '@backplane/plugin-api';
import type { ChangeReport, HostControl, LeakReceipt, PluginStatus } from '@backplane/ports';
import type { LogLevel } from '@backplane/telemetry';
import type { MountOptions } from './mount.ts';
import type { PluginManager } from './plugin-manager.ts';

/** What became of a start. */
export interface HostStart {
  /** Where the host listens; `undefined` when it is mounted into someone else's server. */
  readonly url: string | undefined;
  readonly plugins: readonly PluginStatus[];
  /** Milliseconds, from nothing to the first generation. */
  readonly tookMs: number;
}

/** A running Backplane host. */
export interface Host {
  /** Starts everything, once. Plugins that fail do not fail the start; they are in `plugins` with the reason. */
  start(): Promise<HostStart>;
  /**
   * Loads the plugin's code and configuration anew and replaces it without a failed request. A plugin that was put into the plugin folders
   * since the start is added. What could not be loaded is in the report.
   * @throws BP_PLUGIN_UNKNOWN
   */
  reload(name: string): Promise<ChangeReport>;
  /** Looks again at the plugin folders: adds what is new, replaces what changed, removes what is gone. */
  rescan(): Promise<ChangeReport>;
  status(): PluginStatus[];
  /** Of the last hundred versions that were unloaded, newest last. Those of plugins that have been removed are found here alone. */
  receipts(): readonly LeakReceipt[];
  readonly control: HostControl;
  readonly logger: Logger;
  /** Sets from which level a namespace and all below it are logged; the empty namespace is everything. @throws BP_LOG_LEVEL_UNKNOWN */
  setLogLevel(namespace: string, level: LogLevel | undefined): void;
  /** Where the management token is kept; `undefined` when it was given. */
  readonly tokenFile: string | undefined;
  /** Plugins and services by program. */
  readonly plugins: PluginManager;
  /** For a server of someone else's: answers every request. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** True where a path belongs to a plugin or to the host's own pages. Below `prefix`, where one is given. */
  serves(target: string, prefix?: string): boolean;
  /** Answers a request, or leaves it to `next` where it belongs to nobody here. Without `next` it is a 404. */
  handle(request: IncomingMessage, response: ServerResponse, options?: MountOptions): void;
  /** The same for an upgrade to WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options?: MountOptions): void;
  /** Listens at one more address, and gives it. */
  listen(where?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /** Serves requests and upgrades of someone else's server, which stays theirs. */
  attach(server: Server): void;
  /** Calls a plugin's service as the host. */
  callService(serviceId: string, method: string, ...args: unknown[]): Promise<unknown>;
  /** Lets requests end, at most until the deadline, stops all plugins in reverse order, closes everything. */
  stop(): Promise<void>;
}
