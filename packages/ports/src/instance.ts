import type {
  CallContext,
  EventService,
  ExtensionPoints,
  Handover,
  HealthAnswer,
  HealthCheckResult,
  HealthService,
  HttpService,
  IsolationLevel,
  Logger,
  MetricService,
  PluginIdentity,
  Scope,
  SecurityService,
  ServiceRegistry,
} from '@backplane/plugin-api';
import type { CacheFacet } from './cache.ts';
import type { DatabaseFacet } from './database.ts';
import type { EffectLedger } from './effect-ledger.ts';
import type { NeedData, PluginData } from './plugin-data.ts';
import type { HeldEffect } from './plugin-status.ts';
import type { RouteDescription } from './route-description.ts';

/** What the rest of the host may know of one running instance of a plugin. The object is its identity. */
export interface InstanceInfo {
  readonly identity: PluginIdentity;
  readonly data: PluginData;
  readonly scope: Scope;
  /** Aborts when a newer version has taken over, or the plugin is being removed: calls in flight may still end. */
  readonly draining: AbortSignal;
  /** Aborts at the drain limit: whatever is still in flight is ended. */
  readonly ended: AbortSignal;
}

/** Where a service call goes when the implementation is not an object of this thread. */
export interface RemoteService {
  readonly remote: true;
  /** The names of its methods. */
  readonly methods: readonly string[];
  invoke(method: string, args: readonly unknown[], call: CallContext): Promise<unknown>;
}

/** The HTTP side of an instance: what the author sees, and where an isolated instance listens. */
export interface HttpFacet extends HttpService {
  /** Sends everything under the plugin's mount to a server on a Unix domain socket (or named pipe). */
  forward(target: ForwardTarget): void;
}

export interface ForwardTarget {
  readonly socketPath: string;
  /** Paths (below the mount) at which the other side accepts WebSocket upgrades. */
  readonly upgrades: boolean;
  /** What the other side serves, for people; nothing unless told. */
  readonly routes?: readonly RouteDescription[];
  /**
   * Lets a call go on over there: send the headers along, in place of any the client sent by those names, and release
   * when the answer has ended.
   */
  carry?(call: CallContext): CarriedCall;
}

/** The checks of an instance: what the author sees, and what they have found. */
export interface HealthFacet extends HealthService {
  /** Every check, the newest result each; those without an interval are made now, together. Never rejects. */
  results(): Promise<readonly HealthCheckResult[]>;
}

/** A call on its way to another process. */
export interface CarriedCall {
  readonly headers: Readonly<Record<string, string>>;
  /** Doing it again does nothing. */
  release(): void;
}

/** A scope as its driver sees it: what the plugin does of its own accord runs between `activate` and `pause`. */
export interface DrivenScope extends Scope {
  activate(): void;
  /** Resolves when the timers and tasks that were running have ended. */
  pause(): Promise<void>;
}

/** What the kernel gives a driver to run one instance with. */
export interface InstanceHost {
  readonly info: InstanceInfo;
  readonly scope: DrivenScope;
  readonly environment: string;
  /** Validated and frozen. Another value once the plugin has taken that in place. */
  readonly config: unknown;
  readonly http: HttpFacet;
  readonly logger: Logger;
  readonly security: SecurityService;
  readonly database: DatabaseFacet;
  readonly events: EventService;
  readonly health: HealthFacet;
  readonly metrics: MetricService;
  readonly registry: ServiceRegistry;
  readonly cache: CacheFacet;
  readonly extensionPoints: ExtensionPoints;
  /** The handle for a need; `undefined` for an optional one that nobody provides. */
  handle(need: NeedData): object | undefined;
  /** @throws BP_SERVICE_UNDECLARED, BP_SERVICE_PROVIDED_TWICE */
  provide(serviceId: string, implementation: object | RemoteService): void;
  /** Reports that the instance cannot go on. */
  fail(reason: unknown): void;
}

/**
 * Runs one instance, wherever that is. The kernel calls the steps in this order, never two at once, each under the plugin's time limit:
 * initialize, start, health, resume (at the swap), then quiesce and either resume or stop and dispose. Any step may be followed by stop and dispose.
 * What runs may be reconfigured between resume and quiesce.
 */
export interface InstanceDriver {
  initialize(): Promise<void>;
  start(handover: Handover): Promise<void>;
  health(): Promise<HealthAnswer>;
  /** Pauses what the instance does of its own accord; gives the state for the next version. Calls still arrive. */
  quiesce(): Promise<unknown>;
  /** Lets the instance's own work (timers, tasks) run: at the swap, and when a quiesce is taken back. */
  resume(): Promise<void>;
  /** From `initialize` on: true where the plugin takes new configuration in place. */
  reconfigurable(): boolean;
  /**
   * Gives the plugin its new configuration; whoever calls it has `InstanceHost.config` show that once it is accepted. `replace`: nothing has
   * changed, and it takes a new instance. Rejecting refuses: the previous values are those that hold.
   */
  reconfigure(next: unknown, previous: unknown): Promise<'accepted' | 'replace'>;
  stop(): Promise<void>;
  /**
   * Undoes a scope that is not the host's, in another process; gives what could not be undone. Called after `stop`, not under a limit: bounds
   * itself.
   */
  undo?(): Promise<readonly HeldEffect[]>;
  /** Ends the machinery itself (a child process, a thread). Called last, once, also after a failure. */
  dispose(): Promise<void>;
}

/** One version of a plugin's code, ready to be run. */
export interface PluginUnit {
  readonly data: PluginData;
  readonly level: IsolationLevel;
  /** Names the content of the code; the same digest is the same code. */
  readonly digest: string;
  /** Where it came from, for people: a path below the discovery folder. */
  readonly origin: string;
  /** What the code has made and not given up. Not there for code that is not loaded by this host's loader into this thread. */
  readonly ledger?: EffectLedger | undefined;
  create(host: InstanceHost): InstanceDriver;
}
