import type { PluginKind } from './define-plugin.ts';
import type { EventHandler } from './events.ts';
import type { HealthAnswer } from './health.ts';
import type { GatewayRequest, GatewayResponse, NextMiddleware } from './http.ts';
import type { CollectedMetrics, MetricDefinitions } from './metrics.ts';
import type { ServiceWatcher } from './service-registry.ts';

/** A plugin around every request of the host. The same as `context.http.middleware` with `handle`. */
export interface MiddlewareKind {
  processRequest(request: GatewayRequest, callNext: NextMiddleware): Promise<GatewayResponse>;
  /** Lower is further out. The plugin's own priority unless told. */
  getMiddlewarePriority?(): number;
}

/** A plugin that knows of services. The same as `context.registry.watch`. */
export type ServiceKind = ServiceWatcher;

/** A plugin that hears events. The same as `context.events.subscribe`. */
export interface EventHandlerKind {
  /** By type or pattern: the name of a method, which gets the event's data and the event, or a function, which gets the event. */
  getEventSubscriptions(): Readonly<Record<string, string | EventHandler>>;
  /** Gets what is mapped to no method of its own (to `handleEvent`, that is). */
  handleEvent?(eventType: string, eventData: unknown): void | Promise<void>;
}

/** A plugin that looks after something. The same as `context.health.check`. */
export interface HealthKind {
  checkHealth(): HealthAnswer | Promise<HealthAnswer>;
  /** Seconds from the end of one check to the next; whenever somebody asks unless told. */
  getHealthCheckInterval?(): number;
}

/** A plugin that collects numbers. The same as `context.metrics.collect`. */
export interface MetricsKind {
  collectMetrics(): CollectedMetrics | Promise<CollectedMetrics>;
  getMetricDefinitions?(): MetricDefinitions;
}

/** The callbacks of every kind. Whoever has some is of those kinds. */
export type KindCallbacks = Partial<MiddlewareKind & ServiceKind & EventHandlerKind & HealthKind & MetricsKind>;

const KIND_OF: Readonly<Record<keyof KindCallbacks, PluginKind>> = {
  processRequest: 'middleware',
  getMiddlewarePriority: 'middleware',
  onServiceRegister: 'service',
  onServiceUnregister: 'service',
  onServiceDiscovery: 'service',
  getEventSubscriptions: 'event_handler',
  handleEvent: 'event_handler',
  checkHealth: 'health',
  getHealthCheckInterval: 'health',
  collectMetrics: 'metrics',
  getMetricDefinitions: 'metrics',
};

/** The names of all callbacks. */
export const KIND_CALLBACKS = Object.keys(KIND_OF) as readonly (keyof KindCallbacks)[];

/** The kinds of whatever has these callbacks, in alphabetical order. */
export function kindsOf(callbacks: object): PluginKind[] {
  const found = KIND_CALLBACKS.filter((name) => name in callbacks).map((name) => KIND_OF[name]);
  return [...new Set(found)].sort();
}
