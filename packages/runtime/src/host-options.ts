import type { Clock } from '@backplane/base';
import type { IsolationLevel } from '@backplane/plugin-api';
import type { DatabaseProvider } from '@backplane/ports';
import type { LogLevel } from '@backplane/telemetry';
import type { CacheSettings } from './cache-options.ts';
import type { LiveChange } from './live-plugins.ts';
import type { PluginInput } from './registered-plugins.ts';

/** How a host is made. Nothing is read from the environment: the command line does that, and someone else's program decides for itself. */
export interface HostOptions {
  /** Folders in which plugins are looked for. Default none. */
  readonly pluginPaths?: readonly string[];
  /** A folder with a `package.json`: plugins in the packages it depends on are found, too. Default none. */
  readonly packagesOf?: string;
  /** Plugins handed in by program. */
  readonly plugins?: readonly PluginInput[];
  /** Services of the operator's own, by id; plugins need them like any other. */
  readonly services?: Readonly<Record<string, object>>;
  /** Holds `base.yaml`, `ENVIRONMENT.yaml` and `plugins/NAME.yaml`. Default `./config`. */
  readonly configDir?: string;
  /** Holds `NAME.yaml` for each plugin. Default `plugins` in `configDir`. */
  readonly pluginConfigDir?: string;
  /** Keys, token, caches. Made when it is not there. Default `./data`. */
  readonly dataDir?: string;
  /**
   * 32 bytes as 64 hexadecimal digits or in base64, under which databases and secret values are encrypted; older ones may follow, one a line.
   * Otherwise read from, or generated into, `DATA/master.key`.
   */
  readonly masterKey?: string;
  /** `postgres://USER:PASSWORD@HOST/DATABASE` keeps what the host keeps. Default an encrypted database in the data folder. */
  readonly databaseUrl?: string;
  /** Where plugins have their databases. Default beside what the host keeps: a file each, or in PostgreSQL a schema each. It is closed with the host. */
  readonly databases?: DatabaseProvider;
  /** Names this host among those that share a database, the same after each start. Default the name of the machine. */
  readonly node?: string;
  /** The cache of plugins. Default in memory alone. */
  readonly cache?: CacheSettings;
  /** Default `development`. */
  readonly environment?: string;
  /** Where to listen; `false` for a host that is mounted into someone else's server. Default 127.0.0.1:8080. */
  readonly listen?: { readonly host?: string; readonly port?: number } | false;
  /** Names, besides those of loopback, under which management is served. */
  readonly allowedHosts?: readonly string[];
  /**
   * `open` lets whoever is on this machine read `/api/v1/openapi.json` without the token. Default `closed` in production, where `open` is
   * refused, else `open`.
   */
  readonly openapi?: 'open' | 'closed';
  /** Asks nobody on this machine for the management token. Refused in production. Default `false`. */
  readonly openManagement?: boolean;
  /** Whether `/metrics` is served. Default `true`. */
  readonly metrics?: boolean;
  /** Configuration of plugins by name, over that of the files. */
  readonly pluginConfig?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Environment variables such as `BACKPLANE_PLUGINS__NAME__KEY`: configuration of plugins over everything else. Default none. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** What the host is called. Settings under `service_specific` of another service are left out. */
  readonly service?: string;
  /** The management token; otherwise read from, or generated into, `DATA/admin.token`. */
  readonly adminToken?: string;
  /** Where plugins run that say nothing themselves, by name; `*` for all others. Default `inline`. */
  readonly isolation?: Readonly<Record<string, IsolationLevel>>;
  /** Milliseconds that the top-level code of a plugin may take. Default 30,000. */
  readonly loadLimit?: number;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
  /** One JSON object a line, or lines for people. Default: for people on a terminal. */
  readonly logFormat?: 'json' | 'pretty';
  /** Where log lines go. Default standard output. */
  readonly logDestination?: { write(line: string): unknown };
  /** Milliseconds that requests may take to end when the host stops. Default 10,000. */
  readonly stopDeadline?: number;
  /** Milliseconds that idle connections stay open when the host stops, for what is on its way over them. Default 250. */
  readonly stopGrace?: number;
  /**
   * Runs no plugin: what is to run can be looked at and changed through management, and takes effect at the next start. Configuration is checked as
   * far as it can be without running anything. Default `false`.
   */
  readonly offline?: boolean;
  /** Plugins go live as their files are saved, come and go with their folders. Default `false`. */
  readonly watch?: boolean;
  /** Hears of what became of saved files, in place of the log. */
  readonly onLive?: (change: LiveChange) => void;
  readonly clock?: Clock;
}
