import { tmpdir } from 'node:os';
import type { Clock } from '@backplane/base';
import type { PluginData, PluginUnit } from '@backplane/ports';
import type { EndLimits } from './end-process.ts';
import type { RunInCall } from './host-side.ts';
import { ProcessDriver } from './process-driver.ts';
import type { WaitingProcess } from './waiting-process.ts';

export interface ProcessUnitOptions {
  readonly data: PluginData;
  /** Names the content of the code. */
  readonly digest: string;
  /** Where it came from, for people. */
  readonly origin: string;
  /** The plugin's module, and its export unless that is the default one. Read by the child. */
  readonly entry: { readonly path: string; readonly exportName?: string };
  /** The module the child runs; it calls `serveChildProcess`. */
  readonly childEntry: URL | string;
  /** Options of the child's Node; none are inherited. Default none. */
  readonly execArgv?: readonly string[];
  /** The child's whole environment. Default empty. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where private folders for sockets are made (mode 0700). Default the system's folder for temporary files. */
  readonly socketRoot?: string;
  readonly clock: Clock;
  readonly limits?: EndLimits;
  /** Runs an action in one of the host's calls: log lines of the child then bear its trace. Default runs it as it is. */
  readonly run?: RunInCall;
  /** A child that has read the plugin. The first instance takes it; without one, and for further instances, one is started. */
  readonly waiting?: WaitingProcess;
}

/** A version of a plugin that runs in a process of its own, one for each instance. Nothing is started before `initialize`. */
export function createProcessUnit(options: ProcessUnitOptions): PluginUnit {
  const { data, digest, origin, entry, childEntry, clock, waiting } = options;
  return {
    data,
    digest,
    origin,
    level: 'process',
    ledger: waiting && { close: () => waiting.end().then(() => []) },
    create: (host) =>
      new ProcessDriver({
        host,
        entry,
        childEntry,
        clock,
        execArgv: options.execArgv ?? [],
        env: options.env ?? {},
        socketRoot: options.socketRoot ?? tmpdir(),
        limits: options.limits ?? {},
        run: options.run ?? ((_, action) => action()),
        take: () => waiting?.take(),
      }),
  };
}
