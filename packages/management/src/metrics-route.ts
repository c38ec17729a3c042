import type { PluginMetricsBody } from '@backplane/wire';
import type { FastifyInstance } from 'fastify';
import { type GuardOptions, guard, isLoopback } from './guard.ts';
import { type MetricFormat, metricFormat } from './metric-format.ts';

/** Who has the metrics. */
export interface MetricSource {
  render(format: MetricFormat): Promise<{ readonly body: string; readonly mediaType: string }>;
  /** By plugin, as each metrics plugin gives them. */
  collected(): Promise<Record<string, Record<string, unknown>>>;
}

/** `GET /metrics`: open on loopback, elsewhere for who has the token. OpenMetrics for who likes it best, else Prometheus' text format. */
export function addMetricsRoute(app: FastifyInstance, metrics: MetricSource, options: GuardOptions): void {
  app.get('/metrics', async (request, reply) => {
    if (!isLoopback(request.raw)) guard(request.raw, '/metrics', options);
    const { body, mediaType } = await metrics.render(metricFormat(request.headers.accept));
    return reply.header('content-type', mediaType).header('cache-control', 'no-store').send(body);
  });
}

/** `GET /plugins/metrics`: what all metrics plugins collect. */
export function addCollectedRoute(app: FastifyInstance, metrics: MetricSource): void {
  app.get('/plugins/metrics', async (): Promise<PluginMetricsBody> => ({ plugins: await metrics.collected() }));
}
