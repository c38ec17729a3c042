import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '@backplane/base';
import { errors } from './errors.ts';
import { type SourceProblem, sourceProblem } from './source-problem.ts';

/** The largest file of configuration or metadata that is read: 1 MiB. */
const LARGEST = 1024 * 1024;

export type SourceFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: SourceProblem };

/**
 * Reads a plain file of UTF-8 text up to 1 MiB, synchronously: these files are small and many, and a round through the thread pool
 * costs several times the read. Pipes and devices are refused without being read. `shownAs` names the file in problems.
 */
export function readSourceFile(path: string, shownAs: string = path): SourceFile {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(handle);
    if (!stat.isFile())
      return refused(errors.BP_FILE_UNREADABLE({ file: shownAs, reason: 'it is no plain file' }), shownAs);
    if (stat.size > LARGEST)
      return refused(errors.BP_FILE_TOO_LARGE({ file: shownAs, bytes: stat.size, limit: LARGEST }), shownAs);
    const bytes = Buffer.allocUnsafe(stat.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(handle, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)) };
  } catch (thrown) {
    return refused(errors.BP_FILE_UNREADABLE({ file: shownAs, reason: reasonOf(thrown) }, { cause: thrown }), shownAs);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

const refused = (error: Parameters<typeof sourceProblem>[0], file: string) => ({
  problem: sourceProblem(error, { file }),
});

/** The reason of a failed system call in a few words, without the path, which the message names already. */
function reasonOf(thrown: unknown): string {
  if ((thrown as { code?: unknown }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  const message = messageOf(thrown);
  return message.replace(/^[A-Z]+: /, '').replace(/, [a-z]+( '.*')?$/s, '');
}
