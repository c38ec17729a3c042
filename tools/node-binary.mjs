// @ts-check
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './child-env.mjs';

export const OLDEST_NODE = 24;

/** @param {string} version as `v26.10.0` */
export const isNewEnough = (version) => Number.parseInt(version.replace(/^v/, ''), 10) >= OLDEST_NODE;

/**
 * The Node that everything of ours runs on: the one npm installed where there is one for this platform, else the running one
 * when it is new enough, else `undefined`.
 * @returns {string | undefined}
 */
export function nodeBinary() {
  try {
    const installed = realpathSync(join(bin, 'node'));
    if (installed === realpathSync(process.execPath)) return installed;
    // A binary for another C library is installed all the same and only fails when it is run.
    const answer = spawnSync(installed, ['--version'], { encoding: 'utf8' });
    if (answer.status === 0 && isNewEnough(answer.stdout)) return installed;
  } catch {
    // Not installed: this platform has no package of its own.
  }
  return isNewEnough(process.version) ? process.execPath : undefined;
}

/** @returns {string} what to tell a person on a machine without a usable Node */
export const noNodeMessage = () =>
  `Backplane needs Node.js ${OLDEST_NODE} or newer. This is ${process.version}, and npm brings a newer one for Linux on x64 and arm64 ` +
  `only (here: ${process.platform} ${process.arch}). Install Node.js ${OLDEST_NODE} or newer and try again.`;
