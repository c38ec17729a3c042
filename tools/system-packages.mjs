// @ts-check
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BootstrapError } from './bootstrap.mjs';

/** What the tests use besides Node: the command they call, and where Debian has it. */
export const SYSTEM_PACKAGES = [
  { command: 'openssl', debianPackage: 'openssl' },
  { command: 'curl', debianPackage: 'curl' },
  { command: 'chromium', debianPackage: 'chromium' },
  { command: 'script', debianPackage: 'bsdutils' },
  { command: 'promtool', debianPackage: 'prometheus' },
  { command: 'redis-server', debianPackage: 'redis-server' },
  { command: 'pg_ctlcluster', debianPackage: 'postgresql' },
];

/**
 * Sees to it that the system commands are there. As root on Debian it installs them; elsewhere it says what to install,
 * and on CI, where a skipped test would pass unseen, it fails.
 */
export function ensureSystemPackages({ wanted = SYSTEM_PACKAGES, env = process.env } = {}) {
  const missing = wanted.filter(({ command }) => !onPath(command, env));
  if (missing.length === 0) return;
  const packages = missing.map((entry) => entry.debianPackage);
  if (process.getuid?.() === 0 && onPath('apt-get', env)) {
    console.error(`Installing ${packages.join(', ')} ...`);
    run(['apt-get', 'update', '-qq'], env);
    run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages], env);
    return;
  }
  const message = `These commands are missing: ${missing.map((entry) => entry.command).join(', ')}. On Debian: apt-get install ${packages.join(' ')}`;
  if (env.CI === 'true') throw new BootstrapError(message);
  console.error(`${message}\nThe tests that need them will fail.`);
}

/**
 * @param {[string, ...string[]]} command
 * @param {Readonly<Record<string, string | undefined>>} env
 */
function run([command, ...args], env) {
  const { status } = spawnSync(command, args, {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new BootstrapError(`${command} ${args.join(' ')} failed: see above.`);
}

/**
 * @param {string} command
 * @param {Readonly<Record<string, string | undefined>>} env
 */
function onPath(command, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
