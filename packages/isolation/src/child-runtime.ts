import type { Clock } from '@backplane/base';
import type { HttpService, Logger, PluginIdentity, Scope, SecurityService } from '@backplane/plugin-api';
import type { CacheLimits, InstanceDriver, NeedData, PluginData, SqlDatabase } from '@backplane/ports';
import type { ListenAnswer } from './protocol.ts';
import type { ReceivedCall } from './received-call.ts';
import type { ConnectCache } from './remote-cache.ts';
import type { RemoteFacets } from './remote-facets.ts';

/**
 * What the child's entry must supply, because it takes the kernel and the gateway to make: the instance itself, and how code is run
 * in a call. Everything else of an `InstanceHost` is the `ChildSeat`.
 */
export interface ChildRuntime {
  readonly clock: Clock;
  /** Reads what the host names, without making anything of it; the instance that comes after it is made of what was read. Called once at most. */
  describe?(payload: unknown): unknown;
  /**
   * Loads the plugin at `seat.entry` and makes its instance: the scope, the HTTP facet (passed through `seat.guard`), and the driver
   * that runs the plugin in this thread. Called once. Rejecting fails `initialize` in the host with the same error.
   */
  createInstance(seat: ChildSeat): ChildInstance | Promise<ChildInstance>;
  /**
   * Runs `action` so that `currentCall()` gives `call` itself (not a copy: calls made by the plugin are recognised by it), and
   * gives what it gives.
   */
  run<R>(call: ReceivedCall, action: () => R): R;
}

/** An instance in the child. */
export interface ChildInstance {
  /**
   * Takes the steps that the host's kernel takes: the same order, one at a time. Its scope pauses, resumes and is undone by them. Of a new
   * configuration it checks what the host could not.
   */
  readonly driver: InstanceDriver;
  /**
   * Serves the plugin's HTTP at a Unix domain socket; `undefined` when the plugin registered none. Called once, after `initialize`.
   * Paths arrive as they are below the host's gateway. For each request it takes the call from `seat.receive(headers)`.
   */
  listen?(socketPath: string): Promise<ListenAnswer | undefined>;
  /** Ends what `listen` began. Called after `driver.dispose`. */
  close?(): Promise<void>;
}

/** What an instance in a child stands on: the parts of `InstanceHost` that live in the host. */
export interface ChildSeat {
  readonly data: PluginData;
  readonly identity: PluginIdentity;
  readonly environment: string;
  /** Validated by the host, frozen. */
  readonly config: unknown;
  readonly entry: { readonly path: string; readonly exportName?: string };
  readonly logger: Logger;
  readonly security: SecurityService;
  readonly database: SqlDatabase;
  /** Events, metrics and the registry of the host. What is registered with them is owned by the scope. */
  facets(scope: Pick<Scope, 'add'>): RemoteFacets;
  readonly cacheLimits: CacheLimits;
  /** The plugin's cache in the host, as the upstream of one here. Called once at most. */
  readonly connectCache: ConnectCache;
  /** `InstanceInfo.draining` and `.ended` of the instance in the host. */
  readonly draining: AbortSignal;
  readonly ended: AbortSignal;
  /** The same object for the same service each time. */
  handle(need: NeedData): object | undefined;
  /** The host judges it when `initialize` ends: what is undeclared or provided twice fails that step with its code. */
  provide(serviceId: string, implementation: object): void;
  fail(reason: unknown): void;
  /** The same facet, but middleware is refused with BP_MIDDLEWARE_NOT_INLINE, and `initialize` fails even when the plugin catches that. */
  guard<H extends HttpService>(http: H): H;
  /**
   * The call that a forwarded request is, and takes its header away; `undefined` when the host did not send one.
   * Cancel it when the client goes away, leave it when the answer has ended.
   */
  receive(headers: Record<string, unknown>): ReceivedCall | undefined;
}
