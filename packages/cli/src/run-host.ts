import { isBackplaneError, messageOf } from '@backplane/base';
import {
  createHost,
  type Host,
  type HostOptions,
  type HostStart,
  readDiscoverySettings,
  readServicePort,
} from '@backplane/runtime';
import { placeName } from '@backplane/wire';
import { checkConfigDir } from './check-config-dir.ts';
import { goOnWhenOutputCloses } from './closed-output.ts';
import { EXIT } from './exit-codes.ts';
import { environmentOf, portIsGiven, type StartFlags, startOptions } from './start-options.ts';

/** What flags, environment and the host's files say, or the end of the process with what is wrong with them. */
export async function hostOptions(flags: StartFlags): Promise<HostOptions> {
  try {
    const { problems, ...settings } = await readDiscoverySettings(
      checkConfigDir(flags, process.env),
      environmentOf(flags, process.env),
    );
    const [problem] = problems;
    if (problem) throw new Error(`${placeName(problem)}: ${problem.message}`);
    const options = startOptions(flags, process.env, settings);
    return portIsGiven(flags, process.env) ? options : { ...options, listen: await listenOf(options) };
  } catch (error) {
    return refuse(error);
  }
}

/** Where nobody names a port, configuration may. */
async function listenOf({
  listen,
  configDir = 'config',
  pluginConfigDir,
  service,
  variables,
  environment = '',
}: HostOptions) {
  const { port, problems } = await readServicePort({
    configDir,
    environment,
    ...(pluginConfigDir !== undefined && { pluginConfigDir }),
    ...(service !== undefined && { service }),
    ...(variables !== undefined && { variables }),
  });
  const [problem] = problems;
  if (problem) throw new Error(`${placeName(problem)}: ${problem.message}`);
  return { ...(listen || {}), ...(port !== undefined && { port }) };
}

/** Ends the process: it was asked for what cannot be. */
export function refuse(error: unknown): never {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(EXIT.usage);
}

/** A host that this process is there for. */
export interface RunningHost {
  readonly host: Host;
  readonly start: HostStart;
  /** Drains, stops and ends the process; a second time ends it at once. */
  readonly stop: (signal: 'SIGTERM' | 'SIGINT') => void;
}

/**
 * Starts a host, or ends the process with the reason. From here on SIGTERM, SIGHUP and SIGINT drain it and exit 0, also while it starts; a second one ends
 * at once, and an exception that nobody caught stops it.
 */
export async function runHost(options: HostOptions): Promise<RunningHost> {
  const host = await createHost(options).catch(refuse);
  goOnWhenOutputCloses();
  const stop = stopper(host);
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Its terminal has closed, which both the system and a shell may tell.
  let hungUp = false;
  process.on('SIGHUP', () => {
    if (!hungUp) stop('SIGTERM');
    hungUp = true;
  });
  guardProcess(host);
  try {
    return { host, start: await host.start(), stop };
  } catch (error) {
    // Who was told to stop has not failed, and logs that it stops.
    if (!isBackplaneError(error, 'BP_HOST_STOPPED')) process.stderr.write(`${explainStartFailure(error)}\n`);
    await host.stop().catch(() => {});
    process.exit(EXIT.failed);
  }
}

function stopper(host: Host): RunningHost['stop'] {
  let asked = false;
  return (signal) => {
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
