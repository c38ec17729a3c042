export { errors } from './errors.ts';
export type { LogLevel } from './log-levels.ts';
export { createLogging, type LogDestination, type Logging, type LoggingOptions } from './logging.ts';
export { HttpMetrics } from './metrics/http-metrics.ts';
export { HOST, MetricRegistry, type MetricRegistryOptions } from './metrics/metric-registry.ts';
export { observeProcess } from './metrics/process-metrics.ts';
export type { MetricFormat } from './metrics/render.ts';
