import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { importsOf, type SourceImport } from './source-imports.ts';

/** One TypeScript file, read and taken apart. */
export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly SourceImport[];
  /** Why it could not be read as a module. Nothing else is known of it then. */
  readonly broken?: string;
  /** A test, or what only tests use: it is not shipped. */
  readonly isTest: boolean;
}

export interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>> | string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A workspace of the repository: a package, a plugin or an example. */
export interface Unit {
  readonly kind: 'packages' | 'plugins' | 'examples';
  /** From the root, as `packages/base`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Folders from the root that its tsconfig.json refers to; `undefined` without a tsconfig.json. */
  readonly references: readonly string[] | undefined;
  readonly sources: readonly SourceFile[];
}

/** Everything that the rules look at. */
export interface House {
  readonly units: readonly Unit[];
  /** Files outside of the units: tools, benchmarks, tests through public exports. */
  readonly others: readonly SourceFile[];
}

const SKIPPED = new Set(['node_modules', 'dist', 'fixtures', '.cache']);
const TEST = /\.(test|test-d|fixture)\.ts$|\/src\/(?:.*\/)?(?:testing|fixtures)\/|(^|\/)test\//;

/** Reads a repository laid out like this one. */
export async function readHouse(root: string): Promise<House> {
  const units: Unit[] = [];
  for (const kind of ['packages', 'plugins', 'examples'] as const) {
    for await (const file of glob(`${kind}/*/package.json`, { cwd: root })) {
      units.push(await readUnit(root, kind, dirname(file)));
    }
  }
  const others: SourceFile[] = [];
  for (const folder of ['tools', 'bench', 'test', 'fleet', 'trials']) others.push(...(await readSources(root, folder)));
  return { units: units.sort((a, b) => (a.folder < b.folder ? -1 : 1)), others };
}

async function readUnit(root: string, kind: Unit['kind'], folder: string): Promise<Unit> {
  return {
    kind,
    folder,
    manifest: await readJson<Manifest>(join(root, folder, 'package.json')),
    references: await readReferences(root, folder),
    sources: await readSources(root, folder),
  };
}

async function readReferences(root: string, folder: string): Promise<readonly string[] | undefined> {
  try {
    const config = await readJson<{ references?: readonly { path: string }[] }>(join(root, folder, 'tsconfig.json'));
    return (config.references ?? []).map((reference) => posix.join(folder, reference.path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readSources(root: string, folder: string): Promise<readonly SourceFile[]> {
  const files: string[] = [];
  const matches = glob(`${folder}/**/*.{ts,tsx,mts}`, { cwd: root, exclude: (path) => SKIPPED.has(basename(path)) });
  for await (const file of matches) if (!file.endsWith('.d.ts')) files.push(file);
  return Promise.all(files.sort().map((path) => readSourceFile(root, path)));
}

async function readSourceFile(root: string, path: string): Promise<SourceFile> {
  const text = await readFile(join(root, path), 'utf8');
  const isTest = TEST.test(path);
  try {
    return { path, text, isTest, imports: importsOf(text) };
  } catch (error) {
    return { path, text, isTest, imports: [], broken: error instanceof Error ? error.message : String(error) };
  }
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
