// @ts-check
// Runs on the Node 20 of a fresh machine: plain JavaScript, no dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnv, root, toolEnv } from './child-env.mjs';
import { nodeBinary, noNodeMessage } from './node-binary.mjs';

/** A step that failed, in words for a person. */
export class BootstrapError extends Error {}

const modules = join(root, 'node_modules');
const lockfile = join(root, 'package-lock.json');
const installStamp = join(modules, '.backplane-stamp');
const buildStamp = join(modules, '.backplane-build');

/** @param {string} file */
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
/** @param {string} file */
const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Installs what the lockfile names; returns at once when that is what is there. */
export function ensureInstalled() {
  const wanted = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  if (read(installStamp) === wanted) return;
  // npm writes this file last, so one younger than the lockfile is an install that somebody made by hand and that was finished.
  if (modified(join(modules, '.package-lock.json')) < modified(lockfile)) {
    console.error('Installing dependencies (once, about 20 s) ...');
    const npm = process.env.npm_execpath;
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    // npm's own program where npm runs us, so that no other npm on the PATH answers.
    const [command, ...rest] = npm?.endsWith('.js') ? [process.execPath, npm, ...args] : ['npm', ...args];
    const { status, error } = spawnSync(command, rest, {
      cwd: root,
      env: childEnv(),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new BootstrapError(`npm ci failed${error ? ` (${error.message})` : ''}: see above.`);
  }
  writeFileSync(installStamp, wanted);
}

/** Builds every package when a source, a manifest or a compiler setting changed; returns at once when none did. */
export function ensureBuilt() {
  const { fingerprint, complete } = inspectSources();
  if (complete && read(buildStamp) === fingerprint) return;
  console.error('Building ...');
  build({ force: !complete });
  writeFileSync(buildStamp, fingerprint);
}

/**
 * Runs the compiler over every package; it keeps its own account of what is up to date.
 * @param {{ force?: boolean }} [options]
 */
export function build({ force = false } = {}) {
  const args = [join(modules, 'typescript/bin/tsc'), '-b', ...(force ? ['--force'] : [])];
  const { status } = spawnSync(requireNode(), args, {
    cwd: root,
    env: toolEnv(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new BootstrapError('The build failed: see above.');
}

/** @returns {string} the Node to run our own programs with */
export function requireNode() {
  const node = nodeBinary();
  if (node === undefined) throw new BootstrapError(noNodeMessage());
  return node;
}

/**
 * A fingerprint by name, size and time of all that the build reads, and whether every package has been built at all.
 * @returns {{ fingerprint: string, complete: boolean }}
 */
function inspectSources() {
  const hash = createHash('sha256');
  /** @param {string} file */
  const add = (file) => {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  };
  let complete = true;
  const packages = join(root, 'packages');
  for (const name of readdirSync(packages).sort()) {
    const folder = join(packages, name);
    if (!existsSync(join(folder, 'tsconfig.json'))) continue;
    complete &&= existsSync(join(folder, 'dist/index.js'));
    add(join(folder, 'package.json'));
    add(join(folder, 'tsconfig.json'));
    for (const file of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).sort()) {
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) add(join(folder, 'src', file));
    }
  }
  for (const file of ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json']) add(join(root, file));
  return { fingerprint: hash.digest('hex'), complete };
}
