import type { Logger } from '@backplane/plugin-api';
import type { FastifyBaseLogger } from 'fastify';

type Line = (first: unknown, message?: string) => void;

/** Lets `request.log` of a Fastify app write to the plugin's own logger. Fastify logs with fields first; `child` adds fields. */
export function fastifyLogger(logger: Logger, bound: Readonly<Record<string, unknown>> = {}): FastifyBaseLogger {
  const line =
    (level: keyof Logger): Line =>
    (first, message) => {
      if (typeof first === 'string') {
        logger[level](first, bound);
        return;
      }
      const { err, ...fields } = first instanceof Error ? { err: first } : ((first ?? {}) as Record<string, unknown>);
      const text = message ?? (err instanceof Error ? err.message : '');
      logger[level](text, { ...bound, ...fields, ...(err !== undefined && { error: err }) });
    };
  const adapter = {
    level: 'trace',
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    fatal: line('error'),
    silent: () => {},
    child: (fields: Record<string, unknown>) => fastifyLogger(logger, { ...bound, ...fields }),
  };
  return adapter as unknown as FastifyBaseLogger;
}
