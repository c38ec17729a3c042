import type { PluginPageBody, PluginsStatusBody, ReloadBody, WhyBody } from '@backplane/wire';
import { EXIT } from './exit-codes.ts';
import { bodyOf, type HostSession, type Output, type SessionFlags, withHost } from './host-session.ts';
import type { Paint } from './start-report.ts';
import { table } from './table.ts';

type PluginRow = PluginsStatusBody['plugins'][number];

/** The path of a plugin's page. */
export const pageOf = (name: string, page: string): string => `/plugins/${encodeURIComponent(name)}/${page}`;

/** `backplane plugin why NAME`: 0 when it runs and is well, 1 when not. */
export async function whyCommand(name: string, flags: SessionFlags): Promise<void> {
  await withHost(flags, {}, async (host, { paint, show }) => {
    const why = bodyOf<WhyBody>(await host.ask({ path: pageOf(name, 'why') }));
    show(why, () => whyText(why, paint));
    return why.healthy ? EXIT.ok : EXIT.failed;
  });
}

/** `backplane plugin list`: of a host that does not run, those that were known when it did. */
export async function listCommand(flags: SessionFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { paint, show }) => {
    if (host.offline) return listKnown(host, { paint, show });
    const status = bodyOf<PluginsStatusBody>(await host.ask({ path: '/plugins/status' }));
    show(status, () => {
      const rows = status.plugins.map(({ name, version, state, isolation, plugin_type, reason }: PluginRow) => [
        name,
        version ?? '',
        state === 'running' ? paint.green(state) : paint.red(state),
        isolation,
        plugin_type,
        reason.split('\n', 1)[0]?.slice(0, 80) ?? '',
      ]);
      return table(['NAME', 'VERSION', 'STATE', 'LEVEL', 'TYPE', 'REASON'], rows);
    });
    return EXIT.ok;
  });
}

async function listKnown(host: HostSession, { paint, show }: Output): Promise<number> {
  const page = bodyOf<PluginPageBody>(await host.ask({ path: '/api/v1/plugins?limit=200' }));
  show(page, () => {
    const rows = page.items.map(({ name, version, enabled, plugin_type, description }) => {
      return [name, version, enabled ? 'enabled' : paint.dim('disabled'), plugin_type, description.slice(0, 80)];
    });
    return `${paint.yellow('No host runs.')}\n${table(['NAME', 'VERSION', 'STATE', 'TYPE', 'DESCRIPTION'], rows)}`;
  });
  return EXIT.ok;
}

/** `backplane plugin reload NAME`. */
export async function reloadCommand(name: string, flags: SessionFlags): Promise<void> {
  await withHost(flags, {}, async (host, { paint, show }) => {
    const reload = bodyOf<ReloadBody>(await host.ask({ path: pageOf(name, 'reload'), method: 'POST' }));
    const { plugin, from_version, to_version, took_ms } = reload;
    show(reload, () => {
      const versions = `${from_version ?? 'new'} → ${to_version ?? ''}`;
      return `${paint.green('✓')} ${plugin} ${versions}, after ${Math.round(took_ms)} ms`;
    });
    return EXIT.ok;
  });
}

/** The explanation for people. */
export function whyText(why: WhyBody, paint: Paint): string {
  const lines = [
    `${why.healthy ? paint.green('✓') : paint.red('✗')} ${paint.bold(why.summary)}`,
    `  since ${why.since}`,
  ];
  if (why.because.length > 0)
    lines.push('', '  Because', ...why.because.map((cause) => `    ${cause.replaceAll('\n', '\n    ')}`));
  if (why.place !== null) lines.push('', `  At      ${why.place}`);
  if (why.code !== null) lines.push(`  Code    ${why.code}`);
  lines.push('', `  Next    ${why.next}`);
  if (why.mend.length > 0) lines.push('', '  To mend it', ...why.mend.map((step) => `    ${step}`));
  return lines.join('\n');
}
