import type { Effect } from './scope.ts';

/** A service as others may find it. */
export interface ServiceInfo {
  /** `PLUGIN.service_name`. */
  readonly id: string;
  /** Without the plugin's name. */
  readonly name: string;
  /** The plugin that provides it; `host` for what the operator registered. */
  readonly plugin: string;
  readonly version: string;
  /** Names of its methods, as far as they can be seen from here. */
  readonly methods: readonly string[];
  /** Whatever else is known of it: an address, a region. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Which services are looked for. What is left out restricts nothing. */
export interface ServiceQuery {
  /** The id, or the name without the plugin's. */
  readonly name?: string;
  readonly plugin?: string;
  /** Semver range. */
  readonly version?: string;
}

/** What a service plugin is told, and asked. */
export interface ServiceWatcher {
  /** A service has come, or a new version of it; at first, each that is there already. */
  onServiceRegister?(info: ServiceInfo): void | Promise<void>;
  /** A service has gone. */
  onServiceUnregister?(info: ServiceInfo): void | Promise<void>;
  /** Somebody looks for services: gives those that are known here and elsewhere. At most 5 s long. */
  onServiceDiscovery?(query: ServiceQuery): readonly ServiceInfo[] | Promise<readonly ServiceInfo[]>;
}

/** The services of the host, as data. To call one, name it in `needs`. */
export interface ServiceRegistry {
  /** Those of this host first, then what service plugins know; an id comes once. Whoever fails or is late is logged and left out. */
  discover(query?: ServiceQuery): Promise<readonly ServiceInfo[]>;
  /** Hears what comes and goes from activation on, one after the other; the scope owns it. */
  watch(watcher: ServiceWatcher): Effect;
}
