import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Brings a committed, generated file up to date; with `--check` among the arguments it only says whether it is, and by which
 * command it is renewed. Sets the exit code.
 */
export async function settle(path: string, content: string, command: string): Promise<void> {
  const file = join(root, path);
  const committed = await readFile(file, 'utf8').catch(() => undefined);
  if (committed === content) return console.log(`${path} is up to date.`);
  if (process.argv.includes('--check')) {
    console.error(
      `${path} is ${committed === undefined ? 'missing' : `stale, from line ${firstDifference(committed, content)} on`}.`,
    );
    console.error(`Renew it with \`${command}\` and commit it with the change that caused it.`);
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  console.log(`Wrote ${path}.`);
}

/** 1-based number of the first line in which two texts differ. */
export function firstDifference(left: string, right: string): number {
  const other = right.split('\n');
  const at = left.split('\n').findIndex((line, index) => line !== other[index]);
  return (at === -1 ? left.split('\n').length : at) + 1;
}
