import { defineErrors } from '@backplane/base';

/** How a child process ended, as `details` of BP_PROCESS_EXITED say it. */
export interface ExitDetails extends Record<string, unknown> {
  readonly plugin: string;
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines of standard error, oldest first. */
  readonly stderr: readonly string[];
}

const howItEnded = ({ exitCode, signal }: ExitDetails) =>
  signal === null ? `with exit code ${exitCode}` : `by signal ${signal}`;

/** Every code of this package. */
export const errors = defineErrors('isolation', {
  BP_PROCESS_EXITED: {
    title: 'The process of an isolated plugin ended by itself or was killed.',
    status: 503,
    mend: 'Look at the last lines of its standard error in `details.stderr` and in the log; the host starts it again by its back-off rules.',
    message: (d: ExitDetails) =>
      `The process ${d.pid} of plugin "${d.plugin}" ended unexpectedly ${howItEnded(d)}.${d.stderr.length > 0 ? ` It last wrote: ${d.stderr.slice(-3).join(' | ')}.` : ''}`,
  },
  BP_PROCESS_DISCONNECTED: {
    title: 'An isolated plugin closed its channel to the host.',
    status: 503,
    mend: 'The process was ended, because it could no longer be reached. A plugin must not call process.disconnect().',
    message: (d: { plugin: string; pid: number }) =>
      `The process ${d.pid} of plugin "${d.plugin}" closed its channel to the host.`,
  },
  BP_PROCESS_SPAWN_FAILED: {
    title: 'The process of an isolated plugin could not be started.',
    status: 503,
    mend: 'Check process limits, memory and the permissions of the Node binary.',
    message: (d: { plugin: string; reason: string }) =>
      `No process could be started for plugin "${d.plugin}": ${d.reason}.`,
  },
  BP_PROCESS_ENDED: {
    title: 'An isolated plugin was called after the host had ended its process.',
    status: 503,
    mend: 'The call came too late or outlived the drain limit; calls made now reach the version that runs now.',
    message: (d: { plugin: string; pid: number | undefined }) =>
      `The process${d.pid === undefined ? '' : ` ${d.pid}`} of plugin "${d.plugin}" has been ended by the host.`,
  },
  BP_PROCESS_UNKILLABLE: {
    title: 'A process did not disappear after SIGKILL.',
    mend: 'It hangs in the kernel of the operating system, usually on a device or a network file system; it ends when that answers.',
    message: (d: { plugin: string; pid: number; waitedMs: number }) =>
      `The process ${d.pid} of plugin "${d.plugin}" is still there ${d.waitedMs} ms after SIGKILL.`,
  },
  BP_MIDDLEWARE_NOT_INLINE: {
    title: 'An isolated plugin registered middleware.',
    mend: 'Middleware runs around every request of the host: run this plugin with isolation level `inline`, or move the middleware to a plugin of its own that does.',
    message: (d: { plugin: string; middleware: string | undefined }) =>
      `Plugin "${d.plugin}" runs in a process of its own and registered ${d.middleware === undefined ? 'middleware' : `the middleware "${d.middleware}"`}, which cannot work across processes.`,
  },
  BP_REMOTE_SERVICE_MISSING: {
    title: 'The other side of a process boundary does not have a service that was called.',
    status: 503,
    mend: 'The provider has been removed, or the need is optional and unmet.',
    message: (d: { service: string }) => `The service "${d.service}" is not there.`,
  },
  BP_REMOTE_DEADLINE: {
    title: 'The deadline of a call passed while an isolated plugin worked on it.',
    status: 504,
    mend: 'Allow more time, or let the method look at its call’s `signal` and `deadline`.',
    message: (d: { deadline: number }) =>
      `The deadline of the call (${new Date(d.deadline).toISOString()}) has passed.`,
  },
  BP_CHANNEL_BUSY: {
    title: 'Too many calls wait for an isolated plugin.',
    status: 503,
    mend: 'The other side does not keep up or hangs: try again later, and look at what it does.',
    message: (d: { limit: number }) =>
      `${d.limit} calls are waiting for an answer over one channel; no more are accepted.`,
  },
  BP_CHANNEL_CLOSED: {
    title: 'The channel to another thread or process is closed.',
    status: 503,
    mend: 'The other side has ended; its own reason says why.',
    message: (_: Record<never, never>) => 'The channel to the other side is closed.',
  },
  BP_STREAM_GONE: {
    title: 'Bytes were asked of a stream that has ended or was given up.',
    mend: 'This is a defect of Backplane: report it.',
    message: (d: { stream: number }) => `There is no stream ${d.stream} on this side.`,
  },
  BP_SOCKET_PATH_TOO_LONG: {
    title: 'The folder for sockets is too deep for a Unix domain socket.',
    mend: 'Choose a shorter folder for temporary files.',
    message: (d: { path: string; limit: number }) => `The socket path ${d.path} is longer than ${d.limit} bytes.`,
  },
});
