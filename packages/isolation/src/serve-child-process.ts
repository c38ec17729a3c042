import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import type { ChildRuntime } from './child-runtime.ts';
import { createIpcChannel } from './ipc-channel.ts';
import { guardLifeline, type Lifeline } from './lifeline.ts';
import { serveChild } from './serve-child.ts';

export interface ServeChildProcessOptions extends ChildRuntime {
  /** The child's own `process`; only an entry may name it. */
  readonly self: NodeJS.Process;
}

/**
 * Makes this process the child half of a `process` unit. From here on it answers the host and ends when the host says so or is gone:
 * also when an endless loop holds its main thread, and without leaving its socket behind.
 *
 * SIGINT and SIGTERM are the host's business (they reach the whole process group or service): the child goes on serving until the host
 * ends it. An exception that nobody caught is reported and ends the process with code 1, whatever the plugin listens for; a promise that was
 * rejected and that nobody looked at is logged, as it is inline.
 */
export function serveChildProcess({ self, ...runtime }: ServeChildProcessOptions): void {
  let folder: string | undefined;
  let lifeline: Lifeline | undefined;
  const child = serveChild({
    ...runtime,
    channel: createIpcChannel(self as Parameters<typeof createIpcChannel>[0]),
    reading() {
      lifeline = guardLifeline(self);
    },
    begun({ socketPath }) {
      folder = dirname(socketPath);
      lifeline ??= guardLifeline(self);
      lifeline.removes(folder);
    },
    disposed: () => self.exit(0),
    orphaned() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      self.exit(0);
    },
  });
  self.on('uncaughtException', (error) => {
    child.reportFatal(error);
    self.stderr.write(`${inspect(error)}\n`);
    self.exit(1);
  });
  self.on('unhandledRejection', (error) => {
    if (!child.reportRejection(error)) self.stderr.write(`${inspect(error)}\n`);
  });
  self.on('SIGINT', () => {});
  self.on('SIGTERM', () => {
    if (child.ending) self.exit(0);
  });
}
