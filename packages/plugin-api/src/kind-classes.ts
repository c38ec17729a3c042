import type { ConfigSchema } from './config-schema.ts';
import type { PluginMetadata } from './define-plugin.ts';
import type { EventHandler } from './events.ts';
import type { HealthAnswer } from './health.ts';
import type { GatewayRequest, GatewayResponse, NextMiddleware } from './http.ts';
import type { EventHandlerKind, HealthKind, MetricsKind, MiddlewareKind } from './kinds.ts';
import type { CollectedMetrics, MetricDefinitions } from './metrics.ts';
import { PluginBase } from './plugin-class.ts';
import type { Needs } from './service-ref.ts';
import type { ServiceInfo, ServiceQuery } from './service-registry.ts';

type NoConfig = Record<never, never>;
type NoNeeds = Record<never, never>;

/** A class of the kind `service`: it is told of services that come and go, and asked for those it knows. */
export abstract class ServicePlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds> extends PluginBase<
  S,
  N
> {
  onServiceRegister(_info: ServiceInfo): void | Promise<void> {}
  onServiceUnregister(_info: ServiceInfo): void | Promise<void> {}
  onServiceDiscovery(_query: ServiceQuery): readonly ServiceInfo[] | Promise<readonly ServiceInfo[]> {
    return [];
  }
}

/** A class of the kind `middleware`, in that phase: it is around every request. */
export abstract class MiddlewarePlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds>
  extends PluginBase<S, N>
  implements MiddlewareKind
{
  static readonly classDefaults: Partial<PluginMetadata> = { phase: 'middleware' };
  abstract processRequest(request: GatewayRequest, callNext: NextMiddleware): Promise<GatewayResponse>;
  getMiddlewarePriority?(): number;
}

/** A class of the kind `event_handler`: methods of it hear events. */
export abstract class EventHandlerPlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds>
  extends PluginBase<S, N>
  implements EventHandlerKind
{
  abstract getEventSubscriptions(): Readonly<Record<string, string | EventHandler>>;
  handleEvent(_eventType: string, _eventData: unknown): void | Promise<void> {}
}

/** A class of the kind `health`: it looks after something, at an interval where `getHealthCheckInterval` gives one. */
export abstract class HealthPlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds>
  extends PluginBase<S, N>
  implements HealthKind
{
  abstract checkHealth(): HealthAnswer | Promise<HealthAnswer>;
  getHealthCheckInterval?(): number;
}

/** A class of the kind `metrics`: it is asked for numbers whenever somebody looks. */
export abstract class MetricsPlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds>
  extends PluginBase<S, N>
  implements MetricsKind
{
  abstract collectMetrics(): CollectedMetrics | Promise<CollectedMetrics>;
  getMetricDefinitions?(): MetricDefinitions;
}

/** A class of the kind `infrastructure`, in that phase: it starts first and stops last. */
export abstract class InfrastructurePlugin<
  S extends ConfigSchema = NoConfig,
  N extends Needs = NoNeeds,
> extends PluginBase<S, N> {
  static readonly classDefaults: Partial<PluginMetadata> = { phase: 'infrastructure', kinds: ['infrastructure'] };
}

/** A class of the kind `security`, in that phase: it starts after infrastructure and before middleware. */
export abstract class SecurityPlugin<S extends ConfigSchema = NoConfig, N extends Needs = NoNeeds> extends PluginBase<
  S,
  N
> {
  static readonly classDefaults: Partial<PluginMetadata> = { phase: 'security', kinds: ['security'] };
}
