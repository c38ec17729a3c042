import { type BackplaneError, canonicalName, isBackplaneError, messageOf } from '@backplane/base';
import type { DiscoveryProblem } from '@backplane/discovery';
import type { DesiredPlugin } from '@backplane/kernel';
import { placeName, type SourceProblem } from '@backplane/wire';
import { errors } from './errors.ts';

/** A plugin that is there and cannot be used. */
export interface Refusal {
  readonly name: string;
  readonly origin: string;
  readonly error: BackplaneError;
}

/** A plugin that is there and switched off. */
export interface Disabled {
  readonly name: string;
  readonly origin: string;
  /** Where it is switched off. */
  readonly reason: string;
}

export interface LoadedPlugins {
  readonly plugins: readonly DesiredPlugin[];
  readonly refusals: readonly Refusal[];
  /** Plugins that are there and switched off. */
  readonly disabled: readonly Disabled[];
}

/** Everything that was found, whatever became of it. */
export const namesOf = ({ plugins, refusals, disabled }: LoadedPlugins): Set<string> =>
  new Set([...plugins.map(({ unit }) => unit.data.name), ...[...refusals, ...disabled].map(({ name }) => name)]);

/** What became of reading one plugin. */
export type Loaded = { readonly name: string; readonly origin: string } & (
  | { readonly outcome: 'ready'; readonly desired: DesiredPlugin }
  | { readonly outcome: 'refused'; readonly error: BackplaneError }
  | { readonly outcome: 'disabled'; readonly reason: string }
);

/** A problem in one sentence, with its place and the lines around it. */
export function describe(problem: SourceProblem): string {
  const text = `${placeName(problem)}: ${problem.message}${problem.hint ? ` ${problem.hint}` : ''}`;
  return problem.frame ? `${text}\n${problem.frame}` : text;
}

/** The plugin that a problem is of: by its name, else by where it lies. `undefined` for what is wrong with a folder as a whole. */
export function pluginOf({ plugin, origin }: DiscoveryProblem): string | undefined {
  return plugin ?? (origin === undefined ? undefined : canonicalName(origin));
}

/** Whatever goes wrong is the trouble of this plugin: the others go on. */
export async function attempt(name: string, origin: string, load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    return { name, origin, outcome: 'refused', error: asFailure(name, error) };
  }
}

/** Whatever was thrown while a plugin was read, with a code. */
export function asFailure(plugin: string, error: unknown): BackplaneError {
  if (isBackplaneError(error)) return error as BackplaneError;
  return errors.BP_PLUGIN_LOAD_FAILED({ plugin, reason: messageOf(error) }, { cause: error });
}

/**
 * Everything that was read, with what discovery could not read, and rivals told apart. `taken` are names of plugins that were not read now, and
 * where those are.
 */
export function settle(
  loaded: readonly Loaded[],
  problems: readonly DiscoveryProblem[],
  taken: ReadonlyMap<string, string> = new Map(),
): LoadedPlugins {
  const refusals: Refusal[] = problems.flatMap((problem) => {
    const name = pluginOf(problem);
    if (name === undefined) return [];
    const error = errors.BP_PLUGIN_METADATA({ plugin: problem.plugin ?? '', problems: [describe(problem)] });
    return [{ name, origin: problem.origin ?? '', error }];
  });
  for (const item of loaded) if (item.outcome === 'refused') refusals.push(item);
  const { kept, rivals } = settleNames(
    loaded.filter((item) => item.outcome === 'ready'),
    taken,
  );
  return {
    plugins: kept.map((item) => item.desired),
    refusals: [...refusals, ...rivals],
    disabled: loaded.filter((item) => item.outcome === 'disabled'),
  };
}

/** Names and aliases are known for sure only now that the code has spoken: rivals are all refused. */
function settleNames(ready: readonly Extract<Loaded, { outcome: 'ready' }>[], taken: ReadonlyMap<string, string>) {
  const claims = new Map<string, Set<(typeof ready)[number]>>();
  for (const item of ready) {
    for (const name of [item.name, ...item.desired.unit.data.aliases]) {
      claims.set(name, (claims.get(name) ?? new Set()).add(item));
    }
  }
  const rivals: Refusal[] = [];
  const refused = new Set<(typeof ready)[number]>();
  for (const [name, items] of claims) {
    const known = taken.get(name);
    if (items.size === 1 && known === undefined) continue;
    const origins = [...items]
      .map((item) => item.origin)
      .concat(known ?? [])
      .sort();
    for (const item of items) {
      if (refused.has(item)) continue;
      refused.add(item);
      // Rivals of one name are one line in every report, which names them all.
      if (rivals.some((rival) => rival.name === item.name)) continue;
      rivals.push({ name: item.name, origin: item.origin, error: errors.BP_PLUGIN_NAME_TAKEN({ name, origins }) });
    }
  }
  return { kept: ready.filter((item) => !refused.has(item)), rivals };
}
