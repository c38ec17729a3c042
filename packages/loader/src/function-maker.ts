import { rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Bundle } from './bundle.ts';
import type { FunctionMaker } from './evaluate.ts';
import { bodyWithSources } from './with-sources.ts';

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

/** True where this process may make code from strings. */
export function mayMakeCode(): boolean {
  try {
    return new AsyncFunction('') instanceof Function;
  } catch {
    return false;
  }
}

/**
 * From text; collected with the last reference to what it made.
 *
 * V8 would keep the text of every version in its compilation cache until memory runs short: as much as the text is long for each reload,
 * half a gigabyte in the end. The cache is for text that is evaluated again, which a new version never is, so it is off for this one call
 * (1 µs). Nothing else can run in between.
 */
export const functionFromText: FunctionMaker = async (bundle) => {
  setFlagsFromString('--no-compilation-cache');
  try {
    return new AsyncFunction(...names(bundle), bodyWithSources(bundle));
  } finally {
    setFlagsFromString('--compilation-cache');
  }
};

/**
 * For processes that refuse code from strings: from a module file, which Node keeps for ever, once for each digest.
 * @param fileOf where to put the file; it is gone again when the module has been read
 */
export function functionFromFile(fileOf: (bundle: Bundle) => string): FunctionMaker {
  const imported = new Map<string, Promise<{ default: (...args: unknown[]) => Promise<void> }>>();
  return async (bundle) => {
    const file = fileOf(bundle);
    let module = imported.get(file);
    if (module === undefined) {
      module = importOnce(file, bundle);
      imported.set(file, module);
      module.catch(() => imported.delete(file));
    }
    return (await module).default;
  };
}

async function importOnce(file: string, bundle: Bundle) {
  // Two lines before the body, as in a function made from text.
  await writeFile(
    file,
    `export default async function (${names(bundle).join()}\n) {\n${bodyWithSources(bundle)}\n}\n`,
    {
      mode: 0o600,
    },
  );
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(file, { force: true });
  }
}

const names = ({ parameters }: Bundle): string[] => parameters.map(({ name }) => name);
