import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';

/** One file that went into a bundle, and where its imports led. */
export interface BundledFile {
  readonly path: string;
  readonly imports: readonly {
    /** As the author wrote it; undefined for what the compiler added. */
    readonly specifier: string | undefined;
    readonly found: string;
  }[];
}

const NODE_MODULES = `${sep}node_modules${sep}`;
const EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.json', '.mts', '.cts', '.mjs', '.cjs'];

/**
 * Every path besides the files themselves that decided which files were taken. A file or package that appears on one of them would win
 * over what was found: `x.ts` over `x.js`, a package over one further up. The nearest `package.json` and `tsconfig.json` are among them.
 */
export function lookupPaths(files: readonly BundledFile[]): string[] {
  const paths = new Set<string>();
  for (const file of files) {
    const folder = dirname(file.path);
    addNearest(paths, folder, 'package.json');
    if (!file.path.includes(NODE_MODULES)) {
      const tsconfig = addNearest(paths, folder, 'tsconfig.json');
      if (tsconfig !== undefined) addExtended(paths, tsconfig);
    }
    for (const { specifier, found } of file.imports) {
      if (specifier === undefined) continue;
      if (specifier.includes('*')) addPattern(paths, folder, specifier, files);
      else if (specifier.startsWith('.') || isAbsolute(specifier))
        addSiblings(paths, resolve(folder, specifier), found);
      else if (!specifier.startsWith('#')) addPackage(paths, folder, specifier);
    }
  }
  return [...paths];
}

function* upwards(folder: string): Generator<string> {
  for (let at = folder; ; at = dirname(at)) {
    yield at;
    if (at === dirname(at)) return;
  }
}

function addNearest(paths: Set<string>, folder: string, name: string): string | undefined {
  for (const at of upwards(folder)) {
    const candidate = join(at, name);
    paths.add(candidate);
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** Places that are empty now and could be taken for the same import. */
function addSiblings(paths: Set<string>, wanted: string, found: string): void {
  if (wanted === found) return;
  const withoutExtension = wanted.replace(/\.[cm]?jsx?$/, '');
  const candidates = [wanted, join(wanted, 'package.json')];
  for (const extension of EXTENSIONS)
    candidates.push(wanted + extension, withoutExtension + extension, join(wanted, `index${extension}`));
  for (const candidate of candidates) if (!existsSync(candidate)) paths.add(candidate);
}

function addPackage(paths: Set<string>, folder: string, specifier: string): void {
  const [first = '', second] = specifier.split('/');
  const name = first.startsWith('@') && second !== undefined ? join(first, second) : first;
  for (const at of upwards(folder)) {
    const candidate = join(at, 'node_modules', name);
    paths.add(candidate);
    if (existsSync(candidate)) return;
  }
}

/** Every folder below the fixed part of the pattern that gave a file. */
function addPattern(paths: Set<string>, folder: string, pattern: string, files: readonly BundledFile[]): void {
  const fixed = resolve(folder, pattern.slice(0, pattern.indexOf('*')).replace(/[^/\\]*$/, ''));
  paths.add(fixed);
  for (const { path } of files) if (path.startsWith(fixed + sep)) paths.add(dirname(path));
}

/** Follows `extends` to files; a configuration that comes from a package changes with that package and is not followed. */
function addExtended(paths: Set<string>, tsconfig: string): void {
  let text: string;
  try {
    text = readFileSync(tsconfig, 'utf8');
  } catch {
    return;
  }
  const [, single, list = ''] = /"extends"\s*:\s*(?:"([^"]+)"|\[([^\]]*)\])/.exec(text) ?? [];
  const targets = single === undefined ? [...list.matchAll(/"([^"]+)"/g)].map(([, target]) => target ?? '') : [single];
  for (const target of targets) {
    if (!target.startsWith('.') && !isAbsolute(target)) continue;
    const path = resolve(dirname(tsconfig), target.endsWith('.json') ? target : `${target}.json`);
    if (paths.has(path)) continue;
    paths.add(path);
    addExtended(paths, path);
  }
}
