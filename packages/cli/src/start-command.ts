import { messageOf } from '@backplane/base';
import { createHost, type Host } from '@backplane/runtime';
import { type StartFlags, startOptions } from './start-options.ts';
import { createPaint, startReport } from './start-report.ts';

/** The exit codes of the command line. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** Runs a host in the foreground until it is told to stop. SIGTERM and SIGINT drain and exit 0; a second one ends at once. */
export async function startCommand(flags: StartFlags): Promise<void> {
  let host: Host;
  try {
    host = await createHost(startOptions(flags, process.env));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(EXIT.usage);
  }
  onStopSignals(host);
  guardProcess(host);
  try {
    const start = await host.start();
    const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;
    process.stdout.write(`${startReport(start, host.tokenFile, createPaint(colours), process.cwd())}\n`);
  } catch (error) {
    process.stderr.write(`${explainStartFailure(error)}\n`);
    await host.stop().catch(() => {});
    process.exit(EXIT.failed);
  }
}

function onStopSignals(host: Host): void {
  let asked = false;
  const stop = (signal: 'SIGTERM' | 'SIGINT') => {
    if (asked) process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
    asked = true;
    host.stop().then(
      () => process.exit(EXIT.ok),
      (error) => {
        process.stderr.write(`The host did not stop in order: ${messageOf(error)}\n`);
        process.exit(EXIT.failed);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

/** An inline plugin that drops a promise must not take the others down; an exception that nobody caught leaves the process in doubt. */
function guardProcess(host: Host): void {
  process.on('unhandledRejection', (error) => {
    host.logger.error('A promise was rejected and nobody looked.', { error });
  });
  process.on('uncaughtException', (error) => {
    host.logger.error('An exception was not caught; the host stops.', { error });
    host.stop().finally(() => process.exit(EXIT.failed));
  });
}

function explainStartFailure(error: unknown): string {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `${address}:${port} is in use. Stop what listens there, or choose another port with --port.`;
  if (code === 'EACCES') return `Port ${port} may not be opened by this user. Choose one above 1023 with --port.`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN')
    return 'The address to listen on is none of this machine. Choose 127.0.0.1, 0.0.0.0 or one of its own with --host.';
  return messageOf(error);
}
