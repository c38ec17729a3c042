// @ts-check
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const bin = join(root, 'node_modules/.bin');

/** What npm tells its scripts about itself. A child that calls npm again must not inherit it. */
const NPM_OWN = /^npm_(lifecycle|package|command|node_execpath|execpath)|^INIT_CWD$/;
/** Settings of the outer npm call that would change what an inner one installs. */
const NPM_SCOPE = /^npm_config_(workspaces?|global|omit|include|only|production|dry_run|json|ignore_scripts|prefix)$/i;

/**
 * The caller's environment without the traces of npm, and with the installed commands (Node 26 among them) first on the PATH.
 * @param {Readonly<Record<string, string | undefined>>} [environment]
 * @returns {Record<string, string>}
 */
export function childEnv(environment = process.env) {
  /** @type {Record<string, string>} */
  const env = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !NPM_OWN.test(name) && !NPM_SCOPE.test(name)) env[name] = value;
  }
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== bin);
  env.PATH = [bin, ...path].join(delimiter);
  return env;
}

/**
 * The same, also without what would change how our own tools and tests run.
 * @param {Readonly<Record<string, string | undefined>>} [environment]
 */
export function toolEnv(environment = process.env) {
  const { NODE_OPTIONS: _options, NODE_ENV: _env, ...env } = childEnv(environment);
  return env;
}
