import type { EventEmitter } from 'node:events';
import type fs from 'node:fs';
import type { FSWatcher, ReadStream, Stats, StatWatcher, WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { Made } from './made.ts';

export type FilePath = string | Buffer | URL;

/** Something that can be asked whether it was closed. */
function madeClosable<T extends object>(it: T, label: string, isClosed: (it: T) => boolean, mend: string): Made {
  const ref = new WeakRef(it);
  return {
    kind: 'handle',
    label: () => label,
    state() {
      const known = ref.deref();
      return known === undefined || isClosed(known) ? 'gone' : 'held';
    },
    reason: () => `it is still open; ${mend}`,
  };
}

export function madeWatcher(watcher: FSWatcher, path: FilePath): Made {
  let isClosed = false;
  watcher.once('close', () => {
    isClosed = true;
  });
  return madeClosable(watcher, `watcher of ${path}`, () => isClosed, 'close it in stop()');
}

/** One watcher serves all that watch the file: each is a listener of it. */
export function madeStatWatcher(watcher: StatWatcher, path: FilePath, listener: object): Made {
  const emitter = watcher as unknown as EventEmitter;
  const isClosed = () => !emitter.listeners('change').some((known) => known === listener);
  return madeClosable(watcher, `watcher (watchFile) of ${path}`, isClosed, 'call unwatchFile in stop()');
}

export function madeStream(stream: ReadStream | WriteStream): Made {
  const isClosed = (it: ReadStream | WriteStream) => it.destroyed || it.closed;
  return madeClosable(stream, `stream of ${stream.path}`, isClosed, 'destroy it in stop()');
}

export function madeFile(file: FileHandle, path: FilePath): Made {
  return madeClosable(file, `open file ${path}`, (it) => it.fd < 0, 'close it in stop()');
}

export function madeDatabase(database: DatabaseSync, path: unknown): Made {
  return madeClosable(database, `SQLite database ${path}`, (it) => !it.isOpen, 'close it in stop()');
}

/** A file by number. Where the number was closed unseen, it may lead to another file by now. */
export function madeDescriptor(files: typeof fs, fd: number, path: FilePath, isClosed: () => boolean): Made {
  const open = () => statOf(() => files.fstatSync(fd));
  const there = () => statOf(() => files.statSync(path));
  return {
    kind: 'handle',
    label: () => `open file ${path}`,
    state: () => (isClosed() || !isSame(open(), there()) ? 'gone' : 'held'),
    reason: () => 'it is still open; close it in stop()',
  };
}

/** Goes through something that is open as long as that is done. */
export async function* enteredIteration<T>(
  iterable: AsyncIterable<T>,
  label: string,
  enter: (made: Made) => void,
): AsyncGenerator<T, void> {
  let isOver = false;
  enter({
    kind: 'handle',
    label: () => label,
    state: () => (isOver ? 'gone' : 'held'),
    reason: () => 'somebody still waits for it; abort it in stop()',
  });
  try {
    yield* iterable;
  } finally {
    isOver = true;
  }
}

function statOf(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function isSame(open: Stats | undefined, there: Stats | undefined): boolean {
  if (open === undefined) return false;
  // A file that was removed since is nowhere, and open.
  return there === undefined ? open.nlink === 0 : open.ino === there.ino && open.dev === there.dev;
}
