import type { CacheCounts, HostCaches } from '@backplane/cache';
import type { Kernel } from '@backplane/kernel';
import type { CollectedMetrics, MetricDefinitions, MetricService } from '@backplane/plugin-api';
import type { ChangeReport, ExtensionPointHandler } from '@backplane/ports';
import { HOST, HttpMetrics, type MetricRegistry, observeProcess } from '@backplane/telemetry';

const gauge = (description: string) => ({ type: 'gauge', description }) as const;
const counter = (description: string) => ({ type: 'counter', description }) as const;

const DEFINITIONS: MetricDefinitions = {
  generation: gauge('Number of the generation that serves.'),
  ready: gauge('1 where traffic may come.'),
  plugins: gauge('Plugins by state.'),
  plugin_running: gauge('1 for a plugin that runs, 0 for one that should.'),
  plugin_requests_in_flight: gauge('Calls that a plugin is answering.'),
  plugin_versions_draining: gauge('Replaced versions of a plugin that still have calls.'),
  plugin_health: gauge('What a plugin said when it was last asked: 1 healthy, 0.5 degraded, 0 unhealthy.'),
  plugin_leaks: gauge('What unloaded versions of a plugin still hold, by kind, on the last receipts.'),
  events_published: counter('Events published.'),
  events_delivered: counter('Events that a handler has dealt with.'),
  events_failed: counter('Events at which a handler failed.'),
  cache_hits: counter('Values that a plugin found in its cache.'),
  cache_misses: counter('Values that a plugin did not find in its cache.'),
  cache_entries: gauge('Entries that the cache of a plugin has in memory.'),
  cache_bytes: gauge('Bytes that the cache of a plugin takes in memory, about.'),
  cache_store_up: gauge('1 where the store that hosts share answers. Not there without one, or before its first use.'),
};

/** What the host tells about itself in `/metrics`. */
export interface HostMetrics extends Disposable {
  readonly http: HttpMetrics;
  changed(report: ChangeReport): void;
}

/** Begins to measure the host and its process. */
export function createHostMetrics(registry: MetricRegistry, kernel: () => Kernel, caches: HostCaches): HostMetrics {
  const scope = { add: (label: string) => ({ label, dispose: async () => {} }) };
  const own: MetricService = registry.facet({ name: HOST, prefix: 'backplane', scope });
  const changes = own.counter('changes', {
    help: 'Plugins changed, by action and outcome.',
    labels: ['action', 'outcome'],
  });
  const duration = own.histogram('change_duration_seconds', {
    help: 'Seconds from the beginning of a change to its swap.',
  });
  own.collect(DEFINITIONS, () => ({ ...kernelMetrics(kernel()), ...cacheMetrics(caches) }));
  const observed = observeProcess(registry.facet({ name: HOST, prefix: '', scope }));
  return {
    http: new HttpMetrics(own),
    changed({ steps, tookMs }) {
      const made = steps.filter(({ action }) => action !== 'keep');
      for (const { action, outcome } of made) changes.inc(1, { action, outcome });
      if (made.length > 0) duration.observe(tookMs / 1000);
    },
    [Symbol.dispose]: () => observed[Symbol.dispose](),
  };
}

/** The metrics plugins, as handlers of their extension point. */
export function collectors(registry: MetricRegistry, kernel: Kernel): ExtensionPointHandler[] {
  return registry.collecting().flatMap((plugin) => {
    const data = kernel.knows(plugin) ? kernel.dataOf(plugin) : undefined;
    return data
      ? [{ point: 'metrics.collect', plugin, name: 'collectMetrics', phase: data.phase, priority: data.priority }]
      : [];
  });
}

function kernelMetrics(kernel: Kernel): CollectedMetrics {
  const plugins = kernel.status();
  const states = Map.groupBy(plugins, ({ state }) => state.phase);
  const perPlugin = (value: (status: (typeof plugins)[number]) => number) =>
    plugins.map((status) => ({ labels: { plugin: status.name }, value: value(status) }));
  const { published, delivered, failed } = kernel.events.counts;
  return {
    generation: kernel.generation,
    ready: kernel.ready ? 1 : 0,
    plugins: [...states].map(([state, { length }]) => ({ labels: { state }, value: length })),
    plugin_running: perPlugin(({ state }) => (state.phase === 'running' ? 1 : 0)),
    plugin_requests_in_flight: perPlugin(({ inFlight }) => inFlight),
    plugin_versions_draining: perPlugin(({ draining }) => draining.length),
    plugin_health: healthValues(kernel),
    plugin_leaks: leakValues(kernel),
    events_published: published,
    events_delivered: delivered,
    events_failed: failed,
  };
}

function cacheMetrics(caches: HostCaches): CollectedMetrics {
  const counts = caches.counts();
  const perPlugin = (value: (counts: CacheCounts) => number) =>
    counts.map((one) => ({ labels: { plugin: one.plugin }, value: value(one) }));
  const up = caches.storeAnswers;
  return {
    cache_hits: perPlugin(({ hits }) => hits),
    cache_misses: perPlugin(({ misses }) => misses),
    cache_entries: perPlugin(({ entries }) => entries),
    cache_bytes: perPlugin(({ bytes }) => bytes),
    ...(up !== undefined && { cache_store_up: up ? 1 : 0 }),
  };
}

const HEALTH_VALUES = { healthy: 1, degraded: 0.5, unhealthy: 0 } as const;

const healthValues = (kernel: Kernel) =>
  [...kernel.lastHealth()].flatMap(([plugin, status]) =>
    status === undefined ? [] : [{ labels: { plugin }, value: HEALTH_VALUES[status] }],
  );

function leakValues(kernel: Kernel) {
  const counts = new Map<string, { labels: { plugin: string; kind: string }; value: number }>();
  for (const { plugin, held } of kernel.receipts) {
    for (const { kind } of held) {
      const count = counts.get(`${plugin} ${kind}`) ?? { labels: { plugin, kind }, value: 0 };
      count.value++;
      counts.set(`${plugin} ${kind}`, count);
    }
  }
  return [...counts.values()];
}
