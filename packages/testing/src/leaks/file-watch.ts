import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isOfRunner, type Origin, originHere, placesOf } from './origin.ts';

/**
 * Knows the temporary folders that were made since, and the files that were opened as promises, and where. It stands in for the functions of
 * Node that do so until it is disposed.
 */
export class FileWatch implements Disposable {
  readonly #folders = new Map<string, Origin>();
  readonly #files = new Map<FileHandle, Origin>();
  readonly #undo: () => void;

  constructor() {
    const { mkdtempSync: makeSync } = fs;
    const { mkdtemp: make, open } = fs.promises;
    const mkdtempSync = (...args: Parameters<typeof makeSync>) => {
      const origin = originHere(mkdtempSync);
      const folder = makeSync(...args);
      this.#folders.set(String(folder), origin);
      return folder;
    };
    const mkdtemp = async (...args: Parameters<typeof make>) => {
      const origin = originHere(mkdtemp);
      const folder = await make(...args);
      this.#folders.set(String(folder), origin);
      return folder;
    };
    const opened = async (...args: Parameters<typeof open>) => {
      const origin = originHere(opened);
      const file = await open(...args);
      this.#files.set(file, origin);
      return file;
    };
    Object.assign(fs, { mkdtempSync });
    Object.assign(fs.promises, { mkdtemp, open: opened });
    syncBuiltinESMExports();
    this.#undo = () => {
      Object.assign(fs, { mkdtempSync: makeSync });
      Object.assign(fs.promises, { mkdtemp: make, open });
      syncBuiltinESMExports();
    };
  }

  left(): string[] {
    const folders = [...this.#folders].filter(([folder]) => fs.existsSync(folder));
    const files = [...this.#files].filter(([file]) => file.fd >= 0);
    const left = [
      ...folders.map(([folder, origin]) => [`folder ${folder}`, placesOf(origin)] as const),
      ...files.map(([, origin]) => ['open file', placesOf(origin)] as const),
    ];
    return left.flatMap(([what, at]) =>
      isOfRunner(at) ? [] : [`${what}, made at ${at.slice(0, 3).join(', called at ')}`],
    );
  }

  [Symbol.dispose](): void {
    this.#undo();
  }
}
