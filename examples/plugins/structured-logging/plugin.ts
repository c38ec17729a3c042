import { definePlugin, type PluginEvent } from '@backplane/plugin-api';

/** Writes what happens as lines of the log: every event, and every request with its id. */
export default definePlugin({
  name: 'structured-logging',
  version: '1.0.0',
  type: 'monitoring',
  kinds: ['event_handler', 'middleware'],
  phase: 'middleware',
  config: {
    /** Patterns of the events that are worth a line. */
    events: { type: 'array', items: { type: 'string' }, default: ['#'] },
    level: { type: 'string', enum: ['debug', 'info'], default: 'info' },
    correlation_header: { type: 'string', default: 'X-Correlation-ID' },
    /** Requests that take longer, in milliseconds, are a warning. */
    slow_ms: { type: 'number', default: 1000 },
  },

  initialize({ config, http, logger }) {
    const log = (event: PluginEvent) => {
      logger[config.level](event.type, { event_id: event.id, source: event.source, data: event.data });
    };
    const began = new WeakMap<object, number>();
    http.middleware({
      name: 'requests',
      // Inside of what gives requests their ids.
      priority: 20,
      onRequest(request) {
        began.set(request, performance.now());
      },
      onResponse(request, response) {
        const tookMs = Math.round(performance.now() - (began.get(request) ?? performance.now()));
        const fields = {
          method: request.method,
          path: request.url.split('?', 1)[0],
          status: response.status,
          took_ms: tookMs,
          correlation_id: request.headers[config.correlation_header.toLowerCase()],
        };
        if (tookMs > config.slow_ms) logger.warn('slow request', fields);
        else logger[config.level]('request', fields);
      },
    });
    return {
      getEventSubscriptions: () => Object.fromEntries(config.events.map((pattern) => [pattern, log])),
    };
  },
});
