import { constants, createReadStream } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, type Finding, fine, note, problem, warning } from './finding.ts';

const OLDEST_NODE = 24;
const MEBIBYTE = 1024 * 1024;
const LEAST_ROOM = 200 * MEBIBYTE;
const OTHERS = 0o077;

/** The program that runs everything, and what it allows. */
export const nodeCheck: Check = {
  name: 'Node.js',
  async run() {
    const major = Number(process.versions.node.split('.', 1)[0]);
    const findings: Finding[] =
      major >= OLDEST_NODE
        ? [fine(`Node.js ${process.versions.node}`)]
        : [problem(`Node.js ${process.versions.node} is too old.`, `Install Node.js ${OLDEST_NODE} or newer.`)];
    if (!mayMakeFunctions())
      findings.push(
        warning(
          'Functions cannot be made from text here, so each reload keeps the code of the version before in memory.',
          'Start Node.js without --disallow-code-generation-from-strings.',
        ),
      );
    return findings;
  },
};

function mayMakeFunctions(): boolean {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

/** The folder that a host keeps everything in. */
export function dataFolderCheck(folder: string): Check {
  return {
    name: 'Data folder',
    async run() {
      const found = await stat(folder).catch(() => undefined);
      if (found === undefined) return [note(`${folder} is not there yet; the first start makes it.`)];
      if (!found.isDirectory()) return [problem(`${folder} is no folder.`, 'Name another one with --data.')];
      const findings: Finding[] = [];
      await access(folder, constants.R_OK | constants.W_OK).catch(() =>
        findings.push(
          problem(
            `This user may not read and write ${folder}.`,
            `Give it to the user that runs the host: chown -R USER '${folder}'.`,
          ),
        ),
      );
      const { bavail, bsize } = await statfs(folder);
      const room = bavail * bsize;
      findings.push(
        room < LEAST_ROOM
          ? warning(
              `${Math.round(room / MEBIBYTE)} MiB are free for ${folder}.`,
              'Make room: a full disk refuses every change.',
            )
          : fine(`${folder}, with ${Math.round(room / MEBIBYTE / 1024)} GiB free`),
      );
      for (const name of ['admin.token', 'master.key']) findings.push(...(await privateFile(join(folder, name))));
      return findings;
    },
  };
}

async function privateFile(path: string): Promise<Finding[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  if ((found.mode & OTHERS) !== 0)
    return [
      problem(`Others may read ${path}.`, `chmod 600 '${path}', and replace what it holds if somebody has read it.`),
    ];
  return [fine(`${path} is for this user alone`)];
}

/** The folders that plugins are looked for in. */
export function pluginFoldersCheck(folders: readonly string[]): Check {
  return {
    name: 'Plugin folders',
    async run() {
      if (folders.length === 0) return [note('No plugin folder is looked into.')];
      return Promise.all(
        folders.map(async (folder): Promise<Finding> => {
          const found = await stat(folder).catch(() => undefined);
          if (found === undefined)
            return warning(`${folder} is not there.`, 'Make it, or name another one with --plugins.');
          return fine(folder);
        }),
      );
    },
  };
}

/** What each level keeps from the others on this machine. */
export const isolationCheck: Check = {
  name: 'Isolation',
  async run() {
    const findings: Finding[] = [
      note(
        'inline: contains nothing. A plugin that blocks, fills the memory or ends the process takes the host with it.',
      ),
      note(
        'process: a plugin that blocks, crashes, exits or fills its memory takes itself alone. It has the rights of the host’s user: files, network and other processes are open to it.',
      ),
    ];
    if (process.platform !== 'linux')
      findings.push(note(`On ${process.platform} the memory of a process is not watched from outside.`));
    else if (!(await isReadable('/proc/self/statm')))
      findings.push(warning('/proc cannot be read, so the memory of a process is not watched.', 'Mount /proc.'));
    findings.push(note('For code that nobody trusts there is no level yet: install what you trust.'));
    return findings;
  },
};

const isReadable = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const stream = createReadStream(path);
    stream.once('readable', () => {
      stream.destroy();
      resolve(true);
    });
    stream.once('error', () => resolve(false));
  });
