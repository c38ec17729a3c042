import { isBackplaneError, messageOf } from '@backplane/base';
import type { Problem } from '@backplane/wire';
import { errors } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { addressOf, type ClientFlags, createHostClient, type HostAnswer, type HostClient } from './host-client.ts';
import type { StartFlags } from './start-options.ts';
import { createPaint, type Paint } from './start-report.ts';

/** What every command takes that asks a host. */
export interface SessionFlags extends ClientFlags, Pick<StartFlags, 'plugins' | 'config' | 'environment'> {
  /** Prints what the host answered, for programs. */
  readonly json?: boolean;
}

/** A host that is asked: one that runs, or what one has left behind. */
export interface HostSession extends HostClient, AsyncDisposable {
  /** No host runs: what is changed takes effect at the next start. */
  readonly offline: boolean;
}

/** What a command is: it asks, and gives the exit code. */
export type HostCommand = (session: HostSession, output: Output) => Promise<number>;

export interface Output {
  readonly paint: Paint;
  /** For people, or the answer itself where that is asked for. */
  show(answer: unknown, text: () => string): void;
}

/** Runs a command with a host, and ends with its exit code. With `offline`, what a host has left behind is opened where none runs. */
export async function withHost(
  flags: SessionFlags,
  { offline = false }: { readonly offline?: boolean },
  command: HostCommand,
): Promise<void> {
  const output: Output = {
    paint: createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR),
    show: (answer, text) =>
      void process.stdout.write(`${flags.json === true ? JSON.stringify(answer, null, 2) : text()}\n`),
  };
  try {
    await using session = await openSession(flags, offline);
    process.exitCode = await command(session, output);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** The body of an answer. @throws BP_HOST_REFUSED where it is a refusal */
export function bodyOf<T>({ status, body }: HostAnswer): T {
  if (status < 400) return body as T;
  const { code, detail, title, details } = body as Problem & { readonly details?: unknown };
  throw errors.BP_HOST_REFUSED({ status, code, reason: [detail ?? title, ...reasonsIn(details)].join('\n') });
}

/** What is wrong with each plugin, line by line. */
function reasonsIn(details: unknown): string[] {
  const { plugins = [] } = (details ?? {}) as {
    readonly plugins?: readonly { readonly issues?: readonly unknown[] }[];
  };
  return plugins.flatMap(({ issues = [] }) =>
    issues.map((issue) => {
      const { message, place } = issue as { readonly message: string; readonly place?: string };
      return `  ${place === undefined ? '' : `${place}  `}${message}`;
    }),
  );
}

function exitCodeOf(error: unknown): number {
  if (isBackplaneError(error, 'BP_OPTION_INVALID')) return EXIT.usage;
  if (isBackplaneError(error, 'BP_HOST_UNREACHABLE') || isBackplaneError(error, 'BP_HOST_ELSEWHERE'))
    return EXIT.unreachable;
  if (isBackplaneError(error, 'BP_HOST_REFUSED'))
    return [409, 412, 422].includes(error.details.status as number) ? EXIT.failed : EXIT.refused;
  return EXIT.failed;
}

/** Reaches the host that runs; with `mayBeOffline`, opens what one has left behind where none does. */
export async function openSession(flags: SessionFlags, mayBeOffline: boolean): Promise<HostSession> {
  const url = addressOf(flags, process.env);
  const client = await createHostClient(url, flags, process.env);
  const running = { ...client, offline: false, [Symbol.asyncDispose]: async () => {} };
  if (!mayBeOffline || flags.url !== undefined) return running;
  try {
    await client.ask({ path: '/ready' });
    return running;
  } catch (error) {
    return await openOffline(flags, error);
  }
}

/** A host of our own that runs no plugin, on a free port of this machine. */
async function openOffline(flags: SessionFlags, unreachable: unknown): Promise<HostSession> {
  // Loaded where it is needed: to ask a host that runs, it is not.
  const [{ createHost }, { hostOptions }] = await Promise.all([import('@backplane/runtime'), import('./run-host.ts')]);
  const options = await hostOptions(flags);
  const host = await createHost({
    ...options,
    offline: true,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
    stopGrace: 0,
  }).catch((error: unknown) => {
    // A host has the data, and listens elsewhere.
    if (isBackplaneError(error, 'BP_STORE_IN_USE'))
      throw errors.BP_HOST_ELSEWHERE({ reason: messageOf(error) }, { cause: unreachable });
    throw error;
  });
  try {
    const { url = '' } = await host.start();
    const client = await createHostClient(url, { data: options.dataDir ?? './data' }, process.env);
    return { ...client, offline: true, [Symbol.asyncDispose]: () => host.stop() };
  } catch (error) {
    await host.stop();
    throw error;
  }
}
