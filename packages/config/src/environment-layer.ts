import { canonicalName } from '@backplane/base';
import { pointerOf, type SourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import { parseYaml } from '@backplane/wire/yaml';
import type { ConfigLayer } from './merge-layers.ts';

/** `BACKPLANE_PLUGINS__TRUST_PKI__PKD_CACHE_TTL` is `pkd_cache_ttl` of `trust-pki`; further `__` lead into maps. */
const VARIABLE = /^(?:BACKPLANE|MMF)_PLUGINS__(?<plugin>[A-Z0-9]+(?:_[A-Z0-9]+)*)__(?<keys>[A-Z0-9_]+)$/;

/** What is read as YAML: numbers, `true`, `false`, `null`, lists, maps and quoted text. Anything else is text as it stands. */
const NO_PLAIN_TEXT = /^(?:true|false|null|~|[-+.]?\d[\d._eE+-]*|\[.*\]|\{.*\}|".*"|'.*')$/s;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentLayer {
  readonly layer: ConfigLayer;
  /** The text of each value as it was given, by JSON pointer: where a text is asked for, `007` is one. */
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: readonly SourceProblem[];
}

/** The plugin that a variable configures, by its canonical name, and the path of the key; `undefined` for a variable that configures none. */
export function addressOf(variable: string): { readonly plugin: string; readonly path: string[] } | undefined {
  const { plugin, keys } = VARIABLE.exec(variable)?.groups ?? {};
  if (plugin === undefined || keys === undefined) return undefined;
  return { plugin: canonicalName(plugin.toLowerCase()), path: keys.toLowerCase().split('__') };
}

/** What environment variables say to the plugin of these names: the layer over all others. `BACKPLANE_` wins over `MMF_`. */
export async function environmentLayer(environment: Environment, names: readonly string[]): Promise<EnvironmentLayer> {
  const own = new Set(names.map(canonicalName));
  const value: PlainMap = {};
  const texts = new Map<string, string>();
  const variables = new Map<string, string>();
  const problems: SourceProblem[] = [];
  // In this order MMF_ is laid first, and a map before what is set in it.
  for (const variable of Object.keys(environment).sort(byPrefixThenName)) {
    const text = environment[variable];
    const address = addressOf(variable);
    if (text === undefined || address === undefined || !own.has(address.plugin)) continue;
    const { path } = address;
    const read = NO_PLAIN_TEXT.test(text) ? await parseYaml(text, variable, { frames: false }) : undefined;
    problems.push(...(read?.problems ?? []));
    put(value, path, read?.document === undefined ? text : read.document.value);
    texts.set(pointerOf(path), text);
    variables.set(pointerOf(path), variable);
  }
  const place = (pointer: string) => {
    for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const variable = variables.get(at);
      if (variable !== undefined) return { variable };
    }
    return undefined;
  };
  return { layer: { name: 'environment', value, place }, texts, problems };
}

const byPrefixThenName = (a: string, b: string): number => {
  const first = Number(a.startsWith('BACKPLANE_')) - Number(b.startsWith('BACKPLANE_'));
  return first || (a < b ? -1 : 1);
};

function put(into: PlainMap, [key = '', ...rest]: readonly string[], value: unknown): void {
  // Assigning it would replace the prototype.
  if (key === '__proto__') return;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const below = Object.hasOwn(into, key) ? into[key] : undefined;
  const map: PlainMap = isPlainMap(below) ? below : {};
  into[key] = map;
  put(map, rest, value);
}
