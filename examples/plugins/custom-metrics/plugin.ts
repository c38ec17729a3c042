import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type CollectedMetrics, MetricsPlugin, type PluginMetadata, type PropertyMap } from '@backplane/plugin-api';

const config = {
  /** Seconds. */
  collection_interval: { type: 'number', exclusiveMinimum: 0, default: 30 },
  /** `prometheus`: on /metrics, too. `json`: on this plugin's own page alone. */
  export_format: { type: 'string', enum: ['prometheus', 'json'], default: 'prometheus' },
} as const satisfies PropertyMap;

/** Collects numbers on time, and shows the last ones whenever somebody looks. */
export default class CustomMetrics extends MetricsPlugin<typeof config> {
  static override readonly metadata: PluginMetadata = { name: 'custom-metrics', version: '1.0.0', type: 'monitoring' };
  static override readonly config = config;
  #collections = 0;
  #last: CollectedMetrics = {};

  override initialize(): void {
    const { scope, http, config: settings } = this.context;
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    // Whatever is switched on is switched off by the scope.
    scope.add('event loop delay', () => void delay.disable());
    const collect = () => {
      this.#collections++;
      const mean = delay.count === 0 ? 0 : delay.mean / 1e9;
      delay.reset();
      this.#last = {
        collections: this.#collections,
        response_time: mean,
        memory: Object.entries(process.memoryUsage()).map(([kind, value]) => ({ labels: { kind }, value })),
      };
    };
    collect();
    scope.interval('collect', settings.collection_interval * 1000, collect);
    http.routes((app) => {
      app.get('/', async () => this.#last);
    });
  }

  collectMetrics(): CollectedMetrics {
    return this.context.config.export_format === 'prometheus' ? this.#last : {};
  }

  override getMetricDefinitions() {
    return {
      collections: { type: 'counter', description: 'How often numbers were collected.' },
      response_time: { type: 'gauge', description: 'Mean delay of the event loop, in seconds.' },
      memory: { type: 'gauge', description: 'Memory of the process in bytes, by kind.' },
    } as const;
  }
}
