import { hostOptions, runHost } from './run-host.ts';
import type { StartFlags } from './start-options.ts';
import { createPaint, startReport } from './start-report.ts';

/** Runs a host in the foreground until it is told to stop. */
export async function startCommand(flags: StartFlags): Promise<void> {
  const { host, start } = await runHost(await hostOptions(flags));
  const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;
  process.stdout.write(`${startReport(start, host.tokenFile, createPaint(colours), process.cwd())}\n`);
}
