import { resolve } from 'node:path';
import type { ExecutedBody, PluginBody, PluginChangeBody, PluginHealthBody } from '@backplane/wire';
import { type ChangeFlags, changeRequest, changeText } from './change-command.ts';
import { errors } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import type { HostRequest } from './host-client.ts';
import { bodyOf, type HostSession, type Output, type SessionFlags, withHost } from './host-session.ts';
import { table } from './table.ts';

const api = (name: string, page = ''): string => `/api/v1/plugins/${encodeURIComponent(name)}${page}`;

/** `backplane plugin info NAME`. */
export async function infoCommand(name: string, flags: SessionFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { show }) => {
    const plugin = bodyOf<PluginBody>(await host.ask({ path: api(name) }));
    show(plugin, () => {
      const { config_schema: _, dependencies, services, ...facts } = plugin;
      const rows = Object.entries(facts).map(([key, value]) => [key, value === null ? '' : String(value)]);
      rows.push(['services', services.join(', ')]);
      rows.push([
        'dependencies',
        dependencies.map((one) => `${one.name} ${one.version}${one.satisfied ? '' : ' (missing)'}`).join(', '),
      ]);
      return table(['FACT', 'VALUE'], rows);
    });
    return EXIT.ok;
  });
}

/** `backplane plugin enable NAME`. */
export async function enableCommand(name: string, flags: ChangeFlags): Promise<void> {
  await changing(flags, { path: api(name, '/enable'), method: 'POST' });
}

/** `backplane plugin disable NAME`. */
export async function disableCommand(name: string, flags: ChangeFlags): Promise<void> {
  await changing(flags, { path: api(name, '/disable'), method: 'POST' });
}

/** `backplane plugin install FOLDER`. */
export async function installCommand(folder: string, flags: ChangeFlags): Promise<void> {
  await changing(flags, { path: '/api/v1/plugins/install', method: 'POST', body: { source: resolve(folder) } });
}

/** `backplane plugin remove NAME`. */
export async function removeCommand(name: string, flags: ChangeFlags): Promise<void> {
  await changing(flags, { path: api(name), method: 'DELETE' });
}

/** `backplane plugin exec NAME METHOD [ARGUMENT...]`: arguments are JSON, or else text. */
export async function execCommand(
  name: string,
  method: string,
  words: readonly string[],
  flags: SessionFlags,
): Promise<void> {
  await withHost(flags, {}, async (host, { show }) => {
    const args = words.map(jsonOrText);
    const executed = bodyOf<ExecutedBody>(
      await host.ask({ path: api(name, '/execute'), method: 'POST', body: { method, args } }),
    );
    show(executed, () =>
      typeof executed.result === 'string' ? executed.result : JSON.stringify(executed.result, null, 2),
    );
    return EXIT.ok;
  });
}

/** `backplane plugin health NAME`: 0 when it is healthy, 1 when not. */
export async function healthCommand(name: string, flags: SessionFlags): Promise<void> {
  await withHost(flags, {}, async (host, { paint, show }) => {
    const health = bodyOf<PluginHealthBody>(await host.ask({ path: api(name, '/health') }));
    const colour = health.status === 'healthy' ? paint.green : health.status === 'degraded' ? paint.yellow : paint.red;
    show(health, () => {
      const title = `${colour(health.status)} ${paint.bold(health.plugin)}${health.message === undefined ? '' : `: ${health.message}`}`;
      const rows = health.checks.map(({ name, status, message }) => [`  ${name}`, status, message ?? '']);
      return rows.length === 0 ? title : [title, table(['  CHECK', 'STATUS', 'MESSAGE'], rows)].join('\n');
    });
    return health.status === 'healthy' ? EXIT.ok : EXIT.failed;
  });
}

/** Asks for a change, and shows it. */
export async function changing(flags: ChangeFlags, request: HostRequest): Promise<void> {
  await withHost(flags, { offline: true }, (host, output) => changeWith(host, output, flags, request));
}

/** Asks a host for a change, and shows it. */
export async function changeWith(
  host: HostSession,
  { paint, show }: Output,
  flags: ChangeFlags,
  request: HostRequest,
): Promise<number> {
  const answer = bodyOf<PluginChangeBody>(await host.ask(changeRequest(request, flags)));
  show(answer, () => changeText(answer.change, paint, host));
  return EXIT.ok;
}

function jsonOrText(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    if (/^[[{"]/.test(word)) throw errors.BP_OPTION_INVALID({ option: 'an argument', value: word, expected: 'JSON' });
    return word;
  }
}
