import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, trackedFiles } from './tracked-files.ts';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly private?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (file: string): PackageJson => JSON.parse(readFileSync(join(root, file), 'utf8')) as PackageJson;
const own = read('package.json');
const packages = trackedFiles('packages/*/package.json').map((file) => [dirname(file), read(file)] as const);
const plugins = trackedFiles('plugins/*/package.json').map((file) => [dirname(file), read(file)] as const);

describe.each(packages)('%s', (folder, manifest) => {
  it('bears its name, and the version, licence and engines of the repository', () => {
    const expected =
      folder === 'packages/create-backplane' ? 'create-backplane' : folder.replace('packages/', '@backplane/');
    expect(manifest).toMatchObject({ name: expected, version: own.version, license: own.license, type: 'module' });
    expect(manifest.engines).toEqual(own.engines);
    expect(manifest.description).toMatch(/\.$/);
  });

  it('ships what was built, and its sources without tests', () => {
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src', '!src/**/*.test.ts', '!src/**/testing']));
  });

  it('leads every export to a source, types and a built file, the types before the code', () => {
    for (const entry of Object.values(manifest.exports ?? {})) {
      if (typeof entry === 'string') continue;
      expect(Object.keys(entry)).toEqual(['backplane-source', 'types', 'default']);
      for (const file of Object.values(entry))
        expect([file, existsSync(join(root, folder, file))]).toEqual([file, true]);
    }
    for (const file of Object.values(manifest.bin ?? {})) expect(existsSync(join(root, folder, file))).toBe(true);
  });

  it('asks for the packages of this repository in their present version', () => {
    const ours = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    for (const [name, range] of ours.filter(([name]) => name.startsWith('@backplane/')))
      expect([name, range]).toEqual([name, own.version]);
  });
});

describe.each(plugins)('%s', (_folder, manifest) => {
  it('bears a name, a licence and the engines of the repository', () => {
    expect(manifest.name).toMatch(/^@backplane\/plugin-[a-z0-9-]+$/);
    expect(manifest).toMatchObject({ license: own.license, type: 'module', engines: own.engines });
  });
});
