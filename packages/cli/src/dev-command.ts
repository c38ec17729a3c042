import { relative } from 'node:path';
import { type LiveChange, liveLine } from '@backplane/runtime';
import { ConsoleKeys } from './console-keys.ts';
import { openInspector } from './open-inspector.ts';
import { hostOptions, refuse, runHost } from './run-host.ts';
import type { StartFlags } from './start-options.ts';
import { createPaint, type Paint, startReport } from './start-report.ts';

export interface DevFlags extends StartFlags {
  /** A port for debuggers; `true` where none was named. */
  readonly inspect?: string | true;
}

/**
 * Runs a host in the foreground whose plugins go live as their files are saved. On a terminal it hears keys; `h` lists them.
 */
export async function devCommand(flags: DevFlags): Promise<void> {
  const paint = createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const options = await hostOptions(flags);
  if (flags.inspect !== undefined) letDebuggersIn(flags.inspect);
  const { host, start, stop } = await runHost({
    ...options,
    logFormat: options.logFormat ?? 'pretty',
    watch: true,
    onLive: (change) => say(devLine(change, paint)),
  });
  say(startReport(start, host.tokenFile, paint, process.cwd()));
  const shown = (options.pluginPaths ?? []).map((path) => relative(process.cwd(), path) || '.').join(', ');
  say(`  ${paint.dim(`Watching ${shown === '' ? 'nothing' : shown}: save a file, and it is live.`)}`);
  if (process.stdin.isTTY !== true) return;
  say(`  ${paint.dim('Press h for keys.')}\n`);
  new ConsoleKeys({ host, url: start.url, stop, say, paint, logLevel: options.logLevel ?? 'info' }).listen(
    process.stdin,
  );
}

function letDebuggersIn(port: string | true): void {
  try {
    openInspector(port);
  } catch (error) {
    refuse(error);
  }
}

/** One calm line for each plugin; below it, why not, and the lines of code. */
export function devLine(change: LiveChange, paint: Paint): string {
  const { outcome, problem, frame } = change;
  if (outcome === 'applied') return `${paint.green('✓')} ${liveLine(change)}`;
  const lines = [`${paint.red('✗')} ${liveLine(change)}`];
  for (const text of [problem, frame]) if (text) lines.push('', ...text.split('\n').map((line) => `    ${line}`));
  return `${lines.join('\n')}\n`;
}
