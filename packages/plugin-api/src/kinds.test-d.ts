import { definePlugin, type PluginMetadata } from './define-plugin.ts';
import { event } from './events.ts';
import type { GatewayRequest, GatewayResponse, NextMiddleware } from './http.ts';
import { EventHandlerPlugin, HealthPlugin, MetricsPlugin, MiddlewarePlugin, ServicePlugin } from './kind-classes.ts';
import type { EventHandlerKind, HealthKind, MetricsKind, MiddlewareKind, ServiceKind } from './kinds.ts';
import { PluginBase, pluginFromClass } from './plugin-class.ts';
import type { ServiceInfo, ServiceQuery } from './service-registry.ts';

const metadata: PluginMetadata = { name: 'x', version: '1.0.0' };

// Several kinds at once, by interfaces; the callbacks have the types of the contract.
class Several extends PluginBase implements MiddlewareKind, EventHandlerKind, HealthKind, MetricsKind, ServiceKind {
  static override readonly metadata = metadata;
  async processRequest(request: GatewayRequest, callNext: NextMiddleware): Promise<GatewayResponse> {
    const response = await callNext();
    response.headers.set('x-seen', request.method);
    return response;
  }
  getMiddlewarePriority() {
    return 10;
  }
  getEventSubscriptions() {
    return { 'user.login': 'handleLogin', 'user.#': 'handleEvent' };
  }
  async handleEvent(_type: string, _data: unknown) {}
  handleLogin(_data: { readonly name: string }) {}
  async checkHealth() {
    return { healthy: true, connections: 5 };
  }
  getHealthCheckInterval() {
    return 30;
  }
  collectMetrics() {
    return { custom_counter: 42, active: [{ labels: { plan: 'free', paid: false }, value: 1 }] };
  }
  getMetricDefinitions() {
    return { custom_counter: { type: 'counter', description: 'Custom counter metric' } } as const;
  }
  onServiceRegister({ id }: ServiceInfo) {
    void id;
  }
  onServiceDiscovery(_query: ServiceQuery) {
    return [];
  }
}
pluginFromClass(Several);

// @ts-expect-error middleware has to process requests
class Idle extends MiddlewarePlugin {}
// @ts-expect-error a health plugin has to check
class Careless extends HealthPlugin {}
// @ts-expect-error a metrics plugin has to collect
class Blind extends MetricsPlugin {}
// @ts-expect-error an event handler says what it hears
class Deaf extends EventHandlerPlugin {}
class Listening extends ServicePlugin {
  // @ts-expect-error a service is told as a whole
  override onServiceRegister(_id: string) {}
}
class WrongInterval extends HealthPlugin {
  checkHealth() {
    return true;
  }
  // @ts-expect-error seconds, as a number
  override getHealthCheckInterval() {
    return '30s';
  }
}
class WrongMetrics extends MetricsPlugin {
  // @ts-expect-error values are numbers
  collectMetrics() {
    return { users: 'many' };
  }
}
void [Idle, Careless, Blind, Deaf, Listening, WrongInterval, WrongMetrics];

// The same callbacks as members of what `initialize` returns.
definePlugin({
  ...metadata,
  initialize: () => ({
    getEventSubscriptions: () => ({ 'user.login': (published) => void published.source }),
    checkHealth: () => 'degraded',
  }),
});
definePlugin({
  ...metadata,
  // @ts-expect-error there is no such answer
  initialize: () => ({ checkHealth: () => 'fine' }),
});
definePlugin({
  ...metadata,
  // @ts-expect-error a misspelt callback would never be called
  initialize: () => ({ checkHeath: () => true }),
});
definePlugin({
  ...metadata,
  // @ts-expect-error there is no such kind
  kinds: ['middlewear'],
});

// The context: what a token of an event brings, and what metrics and checks take.
const placed = event<{ readonly total: number }>('order.placed');
definePlugin({
  ...metadata,
  async initialize({ events, metrics, health, registry }) {
    events.subscribe(placed, ({ data }) => {
      const total: number = data.total;
      // @ts-expect-error there is no such field
      data.sum;
      void total;
    });
    await events.publish(placed, { total: 1 });
    // @ts-expect-error the data is not of that type
    await events.publish(placed, { total: '1' });
    await events.publish('anything.else', new Date());
    const asked = metrics.counter('asked', { labels: ['by'] });
    asked.inc(1, { by: 'x' });
    asked.labels({ by: 'x' }).inc();
    // @ts-expect-error a counter never goes down
    asked.dec();
    // @ts-expect-error labels have values
    asked.inc(1, ['x']);
    metrics.histogram('took_seconds', { buckets: [1, 2] }).observe(1);
    // @ts-expect-error buckets are of histograms
    metrics.gauge('level', { buckets: [1] });
    health.check('database', { everyMs: 1000 }, (signal) => !signal.aborted);
    // @ts-expect-error milliseconds, as the name says
    health.check('database', { every: '1s' }, () => true);
    const [found] = await registry.discover({ name: 'signer', version: '^1.0.0' });
    // @ts-expect-error perhaps there is none
    found.id;
  },
});
