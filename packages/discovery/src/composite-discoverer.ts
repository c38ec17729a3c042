import type { PluginDiscoverer } from './plugin-candidate.ts';
import { settleClaims } from './rival-claims.ts';

/** Looks everywhere its parts look, in their order. What two of them claim, nobody gets, and both are named. */
export function createCompositeDiscoverer(discoverers: readonly PluginDiscoverer[]): PluginDiscoverer {
  return {
    async discover() {
      const found = await Promise.all(discoverers.map((discoverer) => discoverer.discover()));
      // A package that lies in a plugin folder as well is one plugin, not two.
      const seen = new Set<string>();
      const candidates = found
        .flatMap((discovery) => discovery.candidates)
        .filter(({ entry, name }) => {
          const key = `${entry}\0${name}`;
          return !seen.has(key) && seen.add(key);
        });
      // What a part has refused to give to anybody, another does not give.
      const disputed = new Set(
        found.flatMap(({ problems }) =>
          problems.flatMap(({ code, plugin }) => (code === 'BP_DISCOVERY_NAME_TAKEN' ? (plugin ?? []) : [])),
        ),
      );
      const settled = settleClaims(candidates.filter(({ name }) => !disputed.has(name)));
      return {
        candidates: settled.candidates,
        problems: [...found.flatMap((discovery) => discovery.problems), ...settled.problems],
      };
    },
  };
}
