// @ts-check
// `npm start [-- ARGUMENTS]` and `npm run dev [-- ARGUMENTS]`: install and build what is missing, then run the host.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { BootstrapError, ensureBuilt, ensureInstalled, requireNode } from './bootstrap.mjs';
import { childEnv, root } from './child-env.mjs';

/** npm repeats to us the Ctrl-C that the terminal has already sent; a person's second one comes later than this. */
const ECHO_MS = 400;

function main() {
  ensureInstalled();
  ensureBuilt();
  const [first, ...rest] = process.argv.slice(2);
  const dev = first === 'dev';
  const command = [
    join(root, 'packages/cli/dist/backplane.js'),
    dev ? 'dev' : 'start',
    ...(dev ? rest : process.argv.slice(2)),
  ];
  // Keys reach only who is in the terminal's own process group.
  const hearsKeys = dev && process.stdin.isTTY === true;
  // A process group of its own keeps the terminal's signals away, so that the host gets each of them once, from here.
  const host = spawn(requireNode(), command, { stdio: 'inherit', env: childEnv(), detached: !hearsKeys });
  /** @type {Map<string, number>} */
  const lastSeen = new Map();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now();
      const echo = now - (lastSeen.get(signal) ?? Number.NEGATIVE_INFINITY) < ECHO_MS;
      lastSeen.set(signal, now);
      if (!echo && !(hearsKeys && signal === 'SIGINT')) host.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    });
  }
  host.on('error', (error) => fail(`The host could not be started: ${error.message}`));
  host.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
  });
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

try {
  main();
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  fail(error.message);
}
