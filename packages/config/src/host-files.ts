import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceProblem } from '@backplane/wire';
import { parseYaml, readSourceFile, type YamlDocument } from '@backplane/wire/yaml';
import { misspeltKeys } from './misspelt-file-keys.ts';

/** Names of the files that hold for every environment, lowest first. `core` and `config` stand beside `base` for those who bring them along. */
const BASES = ['base', 'core', 'config'] as const;

/** One of the files that configure the host, as it was when it was read. */
export interface HostFile {
  /** `base`, or the environment: what the layer is called. */
  readonly name: string;
  readonly path: string;
  /** Absent where it could not be read. */
  readonly document: YamlDocument | undefined;
  readonly problems: readonly SourceProblem[];
}

/** The host's files that are there, lowest first: `base.yaml`, then `ENVIRONMENT.yaml`. `.yml` does as well. */
export async function readHostFiles(configDir: string, environment: string): Promise<readonly HostFile[]> {
  const files: HostFile[] = [];
  for (const name of new Set([...BASES, environment])) {
    for (const extension of ['yaml', 'yml']) {
      const path = join(configDir, `${name}.${extension}`);
      if (existsSync(path)) files.push(await readHostFile(name, path));
    }
  }
  return files;
}

/** A file may hold secrets: what is reported of it leaves its lines out. */
async function readHostFile(name: string, path: string): Promise<HostFile> {
  const { text, problem } = readSourceFile(path);
  if (problem !== undefined) return { name, path, document: undefined, problems: [problem] };
  const { document, problems } = await parseYaml(text, path, { frames: false, secrets: true });
  return { name, path, document, problems: [...problems, ...(document ? misspeltKeys(document, [], KEYS) : [])] };
}

/** Keys that mean something here. */
const KEYS = ['plugins', 'core', 'default_plugins', 'plugin_settings'] as const;
