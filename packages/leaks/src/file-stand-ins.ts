import type fs from 'node:fs';
import type { FSWatcher, ReadStream, StatWatcher, WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import {
  enteredIteration,
  type FilePath,
  madeDatabase,
  madeDescriptor,
  madeFile,
  madeStatWatcher,
  madeStream,
  madeWatcher,
} from './made-files.ts';
import {
  type AnyFunction,
  type Enter,
  entering,
  enteringLater,
  enteringNew,
  likeReal,
  type Pair,
} from './stand-ins.ts';

type Paths = readonly [FilePath, ...unknown[]];

/** What opens and watches files in `node:fs`. */
export function fileStandIns(enter: Enter, real: typeof fs): readonly Pair[] {
  const numbers = new Map<number, () => void>();
  const madeNumber = (fd: number, path: FilePath) => {
    let isClosed = false;
    // A number that is given again was closed, whoever did it.
    numbers.get(fd)?.();
    numbers.set(fd, () => {
      isClosed = true;
    });
    return madeDescriptor(real, fd, path, () => isClosed);
  };
  const closing = (close: AnyFunction): Pair => {
    const standIn = (fd: number, ...rest: unknown[]) => {
      numbers.get(fd)?.();
      numbers.delete(fd);
      return close(fd, ...rest);
    };
    return [close, likeReal(close, standIn)];
  };
  const open: AnyFunction = (path: FilePath, ...rest: unknown[]) => {
    const enterHere = enter(open);
    const callback = rest.at(-1);
    if (typeof callback !== 'function') return (real.open as AnyFunction)(path, ...rest);
    return (real.open as AnyFunction)(path, ...rest.slice(0, -1), (error: unknown, fd: number) => {
      if (!error) enterHere(madeNumber(fd, path));
      callback(error, fd);
    });
  };
  return [
    [real.open, likeReal(real.open, open)],
    entering(enter, real.openSync, (fd: number, [path]: Paths) => madeNumber(fd, path)),
    closing(real.close),
    closing(real.closeSync),
    entering(enter, real.watch as AnyFunction, (it: FSWatcher, [path]: Paths) => madeWatcher(it, path)),
    entering(enter, real.watchFile as AnyFunction, (it: StatWatcher, args: Paths) =>
      madeStatWatcher(it, args[0], args.at(-1) as object),
    ),
    entering(enter, real.createReadStream as AnyFunction, (it: ReadStream) => madeStream(it)),
    entering(enter, real.createWriteStream as AnyFunction, (it: WriteStream) => madeStream(it)),
  ];
}

/** What opens and watches files in `node:fs/promises`. */
export function promisedFileStandIns(enter: Enter, real: typeof fs.promises): readonly Pair[] {
  const watch: AnyFunction = (path: FilePath, ...rest: unknown[]) =>
    enteredIteration((real.watch as AnyFunction)(path, ...rest), `watcher of ${path}`, enter(watch));
  return [
    enteringLater(enter, real.open as AnyFunction, (file: FileHandle, [path]: Paths) => madeFile(file, path)),
    [real.watch, likeReal(real.watch, watch)],
  ];
}

export function databaseStandIns(enter: Enter, real: typeof import('node:sqlite')): readonly Pair[] {
  return [
    enteringNew(enter, real.DatabaseSync as never, (it: DatabaseSync, [path]: readonly unknown[]) =>
      madeDatabase(it, path),
    ),
  ];
}
