import { apiErrors } from './errors.ts';
import type { EventHandler, PluginEvent } from './events.ts';
import { KIND_CALLBACKS, type KindCallbacks, kindsOf } from './kinds.ts';
import type { PluginContext } from './plugin-context.ts';

/** The parts of a context that callbacks are registered with. */
export type KindContext = Pick<PluginContext, 'plugin' | 'http' | 'events' | 'health' | 'metrics' | 'registry'>;

/**
 * Registers the callbacks that `owner` has with the context, as if its author had. `this` stays the owner.
 * @throws BP_KIND_CALLBACK, BP_EVENT_HANDLER_MISSING
 */
export function lowerKinds(context: KindContext, plugin: object): void {
  const owner: KindCallbacks = plugin;
  const kinds = kindsOf(owner);
  if (kinds.length === 0) return;
  const { name: who } = context.plugin;
  for (const name of KIND_CALLBACKS) {
    if (owner[name] !== undefined && typeof owner[name] !== 'function') {
      throw apiErrors.BP_KIND_CALLBACK({ plugin: who, problem: `"${name}" is no function` });
    }
  }
  const need = (name: keyof KindCallbacks, by: string) => {
    if (owner[name] === undefined)
      throw apiErrors.BP_KIND_CALLBACK({ plugin: who, problem: `${by} needs "${name}" beside it` });
  };
  if (kinds.includes('middleware')) {
    need('processRequest', 'a middleware priority');
    lowerMiddleware(context, owner);
  }
  if (kinds.includes('event_handler')) {
    need('getEventSubscriptions', '"handleEvent"');
    lowerEvents(context, owner);
  }
  if (kinds.includes('health')) {
    need('checkHealth', 'an interval of health checks');
    const seconds = owner.getHealthCheckInterval?.();
    context.health.check(
      'health',
      seconds === undefined ? {} : { everyMs: seconds * 1000 },
      async () => owner.checkHealth?.() ?? true,
    );
  }
  if (kinds.includes('metrics')) {
    need('collectMetrics', 'a definition of metrics');
    context.metrics.collect(owner.getMetricDefinitions?.() ?? {}, async () => owner.collectMetrics?.() ?? {});
  }
  if (kinds.includes('service')) {
    context.registry.watch({
      ...(owner.onServiceRegister && { onServiceRegister: (info) => owner.onServiceRegister?.(info) }),
      ...(owner.onServiceUnregister && { onServiceUnregister: (info) => owner.onServiceUnregister?.(info) }),
      ...(owner.onServiceDiscovery && { onServiceDiscovery: (query) => owner.onServiceDiscovery?.(query) ?? [] }),
    });
  }
}

function lowerMiddleware({ http }: KindContext, owner: KindCallbacks): void {
  const priority = owner.getMiddlewarePriority?.();
  const { processRequest } = owner;
  if (processRequest === undefined) return;
  http.middleware({
    ...(priority !== undefined && { priority }),
    handle: (request, next) => processRequest.call(owner, request, next),
  });
}

function lowerEvents({ events, plugin }: KindContext, owner: KindCallbacks): void {
  for (const [pattern, mapped] of Object.entries(owner.getEventSubscriptions?.() ?? {})) {
    events.subscribe(
      pattern,
      typeof mapped === 'function' ? mapped : methodHandler(owner, pattern, mapped, plugin.name),
    );
  }
}

function methodHandler(owner: KindCallbacks, pattern: string, method: string, plugin: string): EventHandler {
  if (method === 'handleEvent' && owner.handleEvent) return (event) => owner.handleEvent?.(event.type, event.data);
  const handler: unknown = (owner as Readonly<Record<string, unknown>>)[method];
  if (typeof handler !== 'function') throw apiErrors.BP_EVENT_HANDLER_MISSING({ plugin, pattern, method });
  return (event: PluginEvent) => handler.call(owner, event.data, event);
}
