import { canonicalName } from '@backplane/base';
import type { LogFilter, LogRecord } from '@backplane/ports';
import type { LogLineBody } from '@backplane/wire';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, filter } from './api-route.ts';
import { momentIn } from './audit-routes.ts';
import { findPlugin } from './find-plugin.ts';
import { time } from './plugin-body.ts';

const filters = {
  plugin_id: filter('Of this plugin: number, name or alias.', 63),
  level: {
    type: 'string',
    enum: ['trace', 'debug', 'info', 'warn', 'error'],
    description: 'Of this level, and graver.',
  },
  namespace: filter('Of this namespace, and all below it.'),
  search: filter('Whose message or fields hold this.'),
  trace_id: filter('Of this request.', 32),
};

/** Lines of the log: those that are kept, and those that come. */
export function logRoutes(parts: ApiParts): ApiRoute[] {
  const { logs, ending } = parts;

  async function filterOf(query: Readonly<Record<string, string | undefined>>): Promise<LogFilter> {
    const { plugin_id, level, namespace, search, trace_id, since, until } = query;
    const [from, to] = [momentIn(since), momentIn(until)];
    return {
      ...(plugin_id !== undefined && { plugin: await nameOf(plugin_id) }),
      ...(level !== undefined && { level: level as LogRecord['level'] }),
      ...(namespace !== undefined && { namespace }),
      ...(search !== undefined && { text: search }),
      ...(trace_id !== undefined && { traceId: trace_id }),
      ...(from !== undefined && { since: from }),
      ...(to !== undefined && { until: to }),
    };
  }

  /** Lines outlive their plugin: a name need not be known any more. */
  const nameOf = async (given: string) =>
    /^\d+$/.test(given) ? (await findPlugin(parts, given)).row.name : canonicalName(given);

  return [
    {
      method: 'GET',
      url: '/api/v1/plugins/logs',
      operationId: 'getPluginLogs',
      summary: 'Lines of the log that are kept, newest first',
      query: {
        type: 'object',
        properties: {
          ...filters,
          since: filter('From this moment on: ISO 8601.', 40),
          until: filter('Before this moment: ISO 8601.', 40),
          limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'At most so many.' },
          cursor: filter('`next_cursor` of the page before.', 64),
        },
        additionalProperties: false,
      } as never,
      answers: { 200: ['One page. It may be short, or empty, and have another.', 'LogPage'] },
      async handle({ query: { limit, cursor, ...rest } }) {
        const page = { limit, ...(cursor !== undefined && { cursor }) };
        const found = await logs.query({ ...(await filterOf(rest)), ...page });
        const items = found.lines.map((line) => lineBody(line, line.id));
        return { body: { items, next_cursor: found.cursor ?? null } };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/plugins/logs/stream',
      operationId: 'tailPluginLogs',
      summary: 'Lines of the log as they come, as server-sent events',
      query: { type: 'object', properties: filters, additionalProperties: false } as never,
      answers: { 200: ['`line` for each; `skipped` where the client was too slow.', '', 'text/event-stream'] },
      async handle({ query }) {
        const wanted = await filterOf(query);
        return {
          events: (send, ended) => {
            const end = logs.tail(wanted, async (lines, skipped) => {
              if (skipped > 0) await send('skipped', { lines: skipped });
              for (const line of lines) await send('line', lineBody(line));
            });
            AbortSignal.any([ended, ending]).addEventListener('abort', end, { once: true });
          },
        };
      },
    },
  ];
}

const lineBody = (line: LogRecord, id: number | null = null): LogLineBody => ({
  id,
  time: time(line.time),
  level: line.level,
  namespace: line.namespace,
  plugin: /^plugins\.([^.]+)/.exec(line.namespace)?.[1] ?? null,
  message: line.message,
  fields: line.fields,
  trace_id: line.traceId ?? null,
});
