import { isBackplaneError, messageOf } from '@backplane/base';
import type { PluginsStatusBody, Problem, ReloadBody, WhyBody } from '@backplane/wire';
import { askHost, type ClientFlags, type HostAnswer } from './host-client.ts';
import { EXIT } from './run-host.ts';
import { createPaint, type Paint } from './start-report.ts';
import { table } from './table.ts';

export interface PluginFlags extends ClientFlags {
  /** Prints what the host answered, for programs. */
  readonly json?: boolean;
}

type PluginRow = PluginsStatusBody['plugins'][number];

/** `backplane plugin why NAME`: 0 when it runs and is well, 1 when not. */
export async function whyCommand(name: string, flags: PluginFlags): Promise<void> {
  await answering(`/plugins/${encodeURIComponent(name)}/why`, flags, 'GET', (body, paint) => {
    const why = body as WhyBody;
    process.exitCode = why.healthy ? EXIT.ok : EXIT.failed;
    return whyText(why, paint);
  });
}

/** `backplane plugin list`. */
export async function listCommand(flags: PluginFlags): Promise<void> {
  await answering('/plugins/status', flags, 'GET', (body, paint) => {
    const { plugins } = body as PluginsStatusBody;
    const rows = plugins.map(({ name, version, state, isolation, plugin_type, reason }: PluginRow) => [
      name,
      version ?? '',
      state === 'running' ? paint.green(state) : paint.red(state),
      isolation,
      plugin_type,
      reason.split('\n', 1)[0]?.slice(0, 80) ?? '',
    ]);
    return table(['NAME', 'VERSION', 'STATE', 'LEVEL', 'TYPE', 'REASON'], rows);
  });
}

/** `backplane plugin reload NAME`. */
export async function reloadCommand(name: string, flags: PluginFlags): Promise<void> {
  await answering(`/plugins/${encodeURIComponent(name)}/reload`, flags, 'POST', (body, paint) => {
    const { plugin, from_version, to_version, took_ms } = body as ReloadBody;
    return `${paint.green('✓')} ${plugin} ${from_version ?? 'new'} → ${to_version ?? ''}, after ${Math.round(took_ms)} ms`;
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

async function answering(
  path: string,
  flags: PluginFlags,
  method: 'GET' | 'POST',
  show: (body: unknown, paint: Paint) => string,
): Promise<void> {
  let answer: HostAnswer;
  try {
    answer = await askHost(path, flags, process.env, method);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = isBackplaneError(error, 'BP_OPTION_INVALID') ? EXIT.usage : EXIT.unreachable;
    return;
  }
  const { status, body } = answer;
  if (status >= 400) {
    const problem = body as Problem;
    process.stderr.write(`${problem.detail ?? problem.title}\n`);
    process.exitCode = status === 409 ? EXIT.failed : EXIT.refused;
    return;
  }
  const text = show(body, createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR));
  process.stdout.write(`${flags.json === true ? JSON.stringify(body, null, 2) : text}\n`);
}
