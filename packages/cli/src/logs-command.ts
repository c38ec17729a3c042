import type { LogLineBody, LogPageBody } from '@backplane/wire';
import { errors } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { bodyOf, type SessionFlags, withHost } from './host-session.ts';
import type { Paint } from './start-report.ts';

export interface LogFlags extends SessionFlags {
  readonly follow?: boolean;
  readonly level?: string;
  readonly since?: string;
  readonly grep?: string;
  readonly namespace?: string;
  readonly lines?: string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `backplane plugin logs [NAME]`: lines that are kept, oldest first; with `--follow` those that come, until it is interrupted. */
export async function logsCommand(name: string | undefined, flags: LogFlags): Promise<void> {
  await withHost(flags, { offline: flags.follow !== true }, async (host, { paint }) => {
    const { level, grep: search, namespace } = flags;
    const filters = { plugin_id: name, level, search, namespace };
    const print = (line: LogLineBody) =>
      process.stdout.write(`${flags.json === true ? JSON.stringify(line) : lineText(line, paint)}\n`);
    const kept = { ...filters, since: sinceIn(flags.since), limit: flags.lines ?? '100' };
    const page = bodyOf<LogPageBody>(await host.ask({ path: `/api/v1/plugins/logs?${queryOf(kept)}` }));
    for (const line of page.items.toReversed()) print(line);
    if (flags.follow !== true) return EXIT.ok;
    const interrupted = new AbortController();
    process.once('SIGINT', () => interrupted.abort());
    process.once('SIGTERM', () => interrupted.abort());
    try {
      for await (const { event, data } of eventsIn(
        host.stream(`/api/v1/plugins/logs/stream?${queryOf(filters)}`, interrupted.signal),
      )) {
        if (event === 'line') print(data as LogLineBody);
        if (event === 'skipped')
          process.stderr.write(`${(data as { lines: number }).lines} lines came faster than they could be shown.\n`);
      }
      process.stderr.write('The host has ended the stream.\n');
      return EXIT.unreachable;
    } catch (error) {
      if (interrupted.signal.aborted) return EXIT.ok;
      throw error;
    }
  });
}

function lineText({ time, level, namespace, message, fields }: LogLineBody, paint: Paint): string {
  const colour = level === 'error' ? paint.red : level === 'warn' ? paint.yellow : paint.green;
  const more = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [paint.dim(time), colour(level.padEnd(5)), paint.dim(namespace), message, paint.dim(more.join(' '))]
    .join(' ')
    .trimEnd();
}

/** `10m` is ten minutes ago; else a moment as ISO 8601. @throws BP_OPTION_INVALID */
export function sinceIn(text: string | undefined, now = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const at = count === undefined ? Date.parse(text) : now - Number(count) * (UNITS[unit] ?? 1) * 1000;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw errors.BP_OPTION_INVALID({
    option: '--since',
    value: text,
    expected: '10m, 2h, 3d, or a moment such as 2026-01-31T12:00',
  });
}

function queryOf(values: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Server-sent events in a text that comes in parts. */
export async function* eventsIn(parts: AsyncIterable<string>): AsyncGenerator<{ event: string; data: unknown }> {
  let text = '';
  for await (const part of parts) {
    text += part;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: ?(.*)/s, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      const [event, data] = [fields.get('event'), fields.get('data')];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
