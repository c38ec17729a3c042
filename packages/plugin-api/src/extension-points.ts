import type { HealthAnswer } from './health.ts';
import type { HookCondition } from './hook-condition.ts';
import type { GatewayRequest, GatewayResponse } from './http.ts';
import type { JsonSchema } from './json-schema.ts';
import type { CollectedMetrics } from './metrics.ts';
import type { Effect } from './scope.ts';
import type { ServiceInfo } from './service-registry.ts';

/**
 * How the handlers of a point work together. `action`: all run, one after the other, and what they give is gathered. `filter`: a value passes
 * through them. `event`: all hear, at the same time, and each fails by itself. `gate`: the first that gives an answer ends it.
 */
export type ExtensionPointType = 'action' | 'filter' | 'event' | 'gate';

// biome-ignore lint/suspicious/noExplicitAny: a point may have any parameters
type AnyFunction = (...args: any[]) => any;
type MaybePromise<T> = T | Promise<T>;
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case
type Nothing = void | undefined;

export interface ExtensionPointOptions {
  /** Semver. Handlers that were written for another major version are left out, and that is told. Default 1.0.0. */
  readonly version?: string;
  readonly description?: string;
  /** Names of the parameters in order, each with its JSON Schema (or the name of a type, for people). */
  readonly parameters?: Readonly<Record<string, string | JsonSchema>>;
  readonly returnType?: string | JsonSchema;
  /**
   * What a handler's failure does. `stop`: the dispatch fails with BP_HANDLER_FAILED. `skip`: it is reported, and the others go on. Default: `stop`
   * for filters and gates, `skip` for actions; handlers of an event always fail apart.
   */
  readonly failure?: 'stop' | 'skip';
  /** Milliseconds that one handler may take; none unless told. Longer is a failure of the handler. */
  readonly timeoutMs?: number;
}

/** A place in the code of a plugin (or the host) at which others take part. The identity is the name. */
export interface ExtensionPoint<
  F extends AnyFunction = AnyFunction,
  K extends ExtensionPointType = ExtensionPointType,
  S extends boolean = boolean,
> extends ExtensionPointOptions {
  readonly kind: 'extension-point';
  readonly name: string;
  readonly type: K;
  /** Handlers return no promises, and the dispatch gives its result at once. Handlers in a process of their own cannot take part. */
  readonly sync: S;
  /** Never set: carries the type. */
  readonly T?: F;
}

type SyncOptions = ExtensionPointOptions & { readonly sync: true };
type AsyncOptions = ExtensionPointOptions & { readonly sync?: false };

/**
 * Declares an extension point by the signature of its handlers: `extensionPoint<(order: Order) => Order>('orders.price', 'filter')`. Export it
 * beside the types of its parameters; importing it brings them.
 */
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'action',
  options: SyncOptions,
): ExtensionPoint<F, 'action', true>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'action',
  options?: AsyncOptions,
): ExtensionPoint<F, 'action', false>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'filter',
  options: SyncOptions,
): ExtensionPoint<F, 'filter', true>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'filter',
  options?: AsyncOptions,
): ExtensionPoint<F, 'filter', false>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'event',
  options: SyncOptions,
): ExtensionPoint<F, 'event', true>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'event',
  options?: AsyncOptions,
): ExtensionPoint<F, 'event', false>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'gate',
  options: SyncOptions,
): ExtensionPoint<F, 'gate', true>;
export function extensionPoint<F extends AnyFunction>(
  name: string,
  type: 'gate',
  options?: AsyncOptions,
): ExtensionPoint<F, 'gate', false>;
export function extensionPoint(
  name: string,
  type: ExtensionPointType,
  options: SyncOptions | AsyncOptions = {},
): ExtensionPoint {
  return Object.freeze({ ...options, kind: 'extension-point', name, type, sync: options.sync ?? false });
}

/** What a handler of a point returns. A filter's that returns nothing leaves the value as it is; a gate's has no answer. */
type Handled<F extends AnyFunction, K extends ExtensionPointType> = K extends 'filter' | 'gate'
  ? Awaited<ReturnType<F>> | Nothing
  : K extends 'action'
    ? Awaited<ReturnType<F>>
    : // biome-ignore lint/suspicious/noExplicitAny: nobody looks at it
      any;

export type PointHandler<F extends AnyFunction, K extends ExtensionPointType, S extends boolean> = (
  ...args: Parameters<F>
) => S extends true ? Handled<F, K> : MaybePromise<Handled<F, K>>;

/** What a dispatch gives. */
type Outcome<F extends AnyFunction, K extends ExtensionPointType> = K extends 'filter'
  ? Parameters<F>[0]
  : K extends 'action'
    ? Awaited<ReturnType<F>>[]
    : K extends 'gate'
      ? Awaited<ReturnType<F>> | undefined
      : void;

/** The way into an extension point, for the plugin that owns it. Keep it: `dispatch` is replaced in place when handlers come and go. */
export interface Hook<
  F extends AnyFunction = AnyFunction,
  K extends ExtensionPointType = ExtensionPointType,
  S extends boolean = boolean,
> {
  /**
   * Calls the handlers of this moment, from beginning to end those and no others. Of a point that is not `sync` the result is a promise only where
   * a handler gave one: await it.
   * @throws BP_HANDLER_FAILED, BP_HANDLER_TIMEOUT (of points whose failures stop)
   */
  dispatch: (...args: Parameters<F>) => S extends true ? Outcome<F, K> : MaybePromise<Outcome<F, K>>;
}

export interface HandlerOptions {
  /** Tells the handlers of a plugin apart; a number unless told. */
  readonly name?: string;
  /** Lower runs first. Default 100; the order in which plugins start decides between equals. */
  readonly priority?: number;
  /** Runs before these: names of plugins, or `PLUGIN/HANDLER`. Those that are not there do not matter. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** Called only for payloads like this. */
  readonly when?: HookCondition;
  /** In place of the point's. */
  readonly timeoutMs?: number;
}

/** The points that every host has, by name, with the signature of their handlers. */
export interface HostExtensionPoints {
  /** Filter: changes what is known of a service before it can be found. */
  'service.pre_register': (info: ServiceInfo) => MaybePromise<ServiceInfo | Nothing>;
  /** Event: a service can be found from now on. */
  'service.post_register': (info: ServiceInfo) => MaybePromise<unknown>;
  /** Filter: a request before anything of it is parsed. An answer (`request.respond(…)`) is given in place of what lies further in. */
  'middleware.pre_request': (request: GatewayRequest) => MaybePromise<GatewayResponse | Nothing>;
  /** Filter: an answer before its head is sent. */
  'middleware.post_response': (request: GatewayRequest, response: GatewayResponse) => MaybePromise<void>;
  /** Action: configuration by plugin (`{ orders: { limit: 5 } }`), over the files and below what was set through the API. */
  'config.load': () => MaybePromise<Readonly<Record<string, unknown>> | Nothing>;
  /** Action: how something is that the plugin depends on. */
  'health.check': (signal: AbortSignal) => MaybePromise<HealthAnswer>;
  /** Action: values of the plugin's own metrics. */
  'metrics.collect': () => MaybePromise<CollectedMetrics>;
}

/** The extension points of the host and of plugins. */
export interface ExtensionPoints {
  /**
   * Makes the plugin the owner of a point. Called in `initialize`; the scope owns it.
   * @throws BP_POINT_TAKEN when another plugin or the host owns one of that name, BP_POINT_INVALID
   */
  registerExtensionPoint<F extends AnyFunction, K extends ExtensionPointType, S extends boolean>(
    point: ExtensionPoint<F, K, S>,
  ): Hook<F, K, S>;
  /**
   * Takes part at a point, from the activation of the plugin until it is replaced or stopped; the scope owns it. A point that nobody owns yet is waited
   * for.
   * @throws BP_HANDLER_INVALID, BP_POINT_SYNC (a plugin in a process of its own at a `sync` point)
   */
  registerHandler<N extends keyof HostExtensionPoints>(
    point: N,
    handler: HostExtensionPoints[N],
    options?: HandlerOptions,
  ): Effect;
  registerHandler<F extends AnyFunction, K extends ExtensionPointType, S extends boolean>(
    point: ExtensionPoint<F, K, S>,
    handler: PointHandler<F, K, S>,
    options?: HandlerOptions,
  ): Effect;
  registerHandler(point: string, handler: AnyFunction, options?: HandlerOptions): Effect;
  /**
   * Says that this plugin's handlers of a point would answer otherwise now. `config.load`: they are asked again, and plugins whose configuration that
   * changes get it as if a file had changed; a value that is refused leaves those before. Other points are asked at each dispatch anyway.
   */
  notice(point: 'config.load'): void;
}
