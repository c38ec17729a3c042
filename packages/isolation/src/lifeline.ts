import { Worker } from 'node:worker_threads';
import { messageOf } from '@backplane/base';

/** File descriptor of a pipe that the host holds open as long as it lives. Nothing is ever sent over it. */
export const LIFELINE = 4;

/** Milliseconds that the main thread has to end by itself once the host is gone. */
const GRACE_MS = 1000;

const GUARD = `
const { rmSync } = require('node:fs');
const { Socket } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
let folder;
parentPort.on('message', (path) => { folder = path; });
const lifeline = new Socket({ fd: workerData.fd });
const end = () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.kill(process.pid, 'SIGKILL');
};
lifeline.on('error', () => {});
lifeline.on('close', () => setTimeout(end, workerData.graceMs));
lifeline.resume();
`;

/** What watches over this process. */
export interface Lifeline {
  /** Has it remove a folder before it ends the process. */
  removes(folder: string): void;
}

/**
 * Ends this process when the host is gone, even if its main thread never comes back to its event loop. A thread of its own watches,
 * because nothing in a blocked thread can; it costs about 11 MB.
 */
export function guardLifeline(self: NodeJS.Process): Lifeline {
  const guard = new Worker(GUARD, {
    eval: true,
    env: {},
    execArgv: [],
    workerData: { fd: LIFELINE, graceMs: GRACE_MS },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  guard.on('error', (error: unknown) => self.stderr.write(`The lifeline is not guarded: ${messageOf(error)}\n`));
  guard.unref();
  return { removes: (folder) => guard.postMessage(folder) };
}
