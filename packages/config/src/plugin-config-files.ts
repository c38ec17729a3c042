import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalName } from '@backplane/base';
import { nameFromPath } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import { parseYaml, readSourceFile, type YamlOutcome } from '@backplane/wire/yaml';
import { errors } from './errors.ts';

const YAML_FILE = /\.ya?ml$/;
const MAY_NAME_A_SERVICE = /^["']?service["']?\s*:/m;

/** One file of a folder of plugin configuration. Read and parsed when first asked for. */
export class PluginConfigFile {
  readonly path: string;
  readonly #outcome: () => Promise<YamlOutcome>;

  constructor(path: string, read: () => Promise<YamlOutcome>) {
    this.path = path;
    let outcome: Promise<YamlOutcome> | undefined;
    this.#outcome = () => {
      outcome ??= read();
      return outcome;
    };
  }

  outcome(): Promise<YamlOutcome> {
    return this.#outcome();
  }
}

/** The files of a folder by the canonical names they claim. A snapshot: made again to see changes. */
export type PluginConfigFiles = ReadonlyMap<string, readonly PluginConfigFile[]>;

/**
 * A file claims the plugin it is called after, and the one that its `service.name` bears. An absent folder has no files.
 * @throws BP_CONFIG_FOLDER_UNREADABLE
 */
export async function readPluginConfigFiles(folder: string): Promise<PluginConfigFiles> {
  const claims = new Map<string, PluginConfigFile[]>();
  const claim = (name: string, file: PluginConfigFile) => {
    const files = claims.get(name) ?? [];
    if (!files.includes(file)) files.push(file);
    claims.set(name, files);
  };
  for (const name of listed(folder)) {
    const path = join(folder, name);
    const source = readSourceFile(path);
    const { text } = source;
    // A file may hold secrets: what is reported of it leaves its lines out.
    const file = new PluginConfigFile(path, async () =>
      text === undefined ? { problems: [source.problem] } : parseYaml(text, path, { frames: false, secrets: true }),
    );
    claim(nameFromPath(name.replace(YAML_FILE, '')), file);
    if (text === undefined || !MAY_NAME_A_SERVICE.test(text)) continue;
    const service = serviceName((await file.outcome()).document?.value);
    if (service !== undefined) claim(service, file);
  }
  return claims;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => YAML_FILE.test(name) && !name.startsWith('.'))
      .sort();
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    if (code === 'ENOENT') return [];
    const reason = code === 'ENOTDIR' ? 'it is no folder' : String(code);
    throw errors.BP_CONFIG_FOLDER_UNREADABLE({ folder, reason }, { cause: thrown });
  }
}

function serviceName(content: unknown): string | undefined {
  const service = isPlainMap(content) ? content.service : undefined;
  return isPlainMap(service) && typeof service.name === 'string' ? canonicalName(service.name) : undefined;
}
