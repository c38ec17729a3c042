import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import type { CollectedMetrics, MetricDefinitions, MetricService } from '@backplane/plugin-api';

const counter = (description: string) => ({ type: 'counter', description }) as const;
const gauge = (description: string) => ({ type: 'gauge', description }) as const;

/** Named as the clients for Prometheus name them, so that dashboards fit. */
const DEFINITIONS: MetricDefinitions = {
  process_cpu_user_seconds: counter('Seconds of CPU spent in user code.'),
  process_cpu_system_seconds: counter('Seconds of CPU spent in the system.'),
  process_cpu_seconds: counter('Seconds of CPU spent.'),
  process_start_time_seconds: gauge('When the process started, in seconds since the epoch.'),
  process_resident_memory_bytes: gauge('Resident memory.'),
  process_open_fds: gauge('Open file descriptors.'),
  nodejs_heap_size_total_bytes: gauge('Heap reserved by V8.'),
  nodejs_heap_size_used_bytes: gauge('Heap used.'),
  nodejs_external_memory_bytes: gauge('Memory of buffers and the like, outside the heap.'),
  nodejs_eventloop_lag_p50_seconds: gauge('Median delay of the event loop since the last look.'),
  nodejs_eventloop_lag_p99_seconds: gauge('99th percentile of the delay of the event loop since the last look.'),
  nodejs_eventloop_lag_max_seconds: gauge('Longest delay of the event loop since the last look.'),
  nodejs_eventloop_utilization: gauge('Share of time in which the event loop was busy since the last look, 0 to 1.'),
  nodejs_active_resources: gauge('What keeps the event loop alive, by type.'),
  nodejs_version_info: gauge('The version of Node.'),
};

const GC_KINDS: Readonly<Record<number, string>> = {
  1: 'minor',
  2: 'minor',
  4: 'major',
  8: 'incremental',
  16: 'weakcb',
};

/** Measures this process from now on. `metrics` adds no prefix. Dispose it, and nothing is measured any more. */
export function observeProcess(metrics: MetricService): Disposable {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const gc = metrics.histogram('nodejs_gc_duration_seconds', {
    help: 'Seconds spent collecting garbage, by kind.',
    labels: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as PerformanceEntry & { readonly detail?: { readonly kind?: number } };
      gc.observe(entry.duration / 1000, { kind: GC_KINDS[detail?.kind ?? 0] ?? 'other' });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  let utilization = performance.eventLoopUtilization();
  metrics.collect(DEFINITIONS, () => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, utilization).utilization;
    utilization = now;
    const lag = delay.count === 0 ? [0, 0, 0] : [delay.percentile(50), delay.percentile(99), delay.max];
    delay.reset();
    return { ...usage(), ...lagMetrics(lag as [number, number, number]), nodejs_eventloop_utilization: busy };
  });
  return {
    [Symbol.dispose]() {
      delay.disable();
      observer.disconnect();
    },
  };
}

const lagMetrics = ([p50, p99, max]: readonly [number, number, number]): CollectedMetrics => ({
  nodejs_eventloop_lag_p50_seconds: p50 / 1e9,
  nodejs_eventloop_lag_p99_seconds: p99 / 1e9,
  nodejs_eventloop_lag_max_seconds: max / 1e9,
});

function usage(): CollectedMetrics {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const resources = Map.groupBy(process.getActiveResourcesInfo(), (type) => type);
  const files = openFiles();
  return {
    process_cpu_user_seconds: user / 1e6,
    process_cpu_system_seconds: system / 1e6,
    process_cpu_seconds: (user + system) / 1e6,
    process_start_time_seconds: performance.timeOrigin / 1000,
    process_resident_memory_bytes: rss,
    ...(files !== undefined && { process_open_fds: files }),
    nodejs_heap_size_total_bytes: heapTotal,
    nodejs_heap_size_used_bytes: heapUsed,
    nodejs_external_memory_bytes: external,
    nodejs_active_resources: [...resources].map(([type, { length }]) => ({ labels: { type }, value: length })),
    nodejs_version_info: [{ labels: { version: process.version }, value: 1 }],
  };
}

/** Known on Linux only. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
